/// One enrolled picture of one person, in the space of one embedder.
package struct FaceTemplate: Hashable, Sendable {
    package var person: String
    package var embedding: FaceEmbedding

    package init(person: String, embedding: FaceEmbedding) {
        self.person = person
        self.embedding = embedding
    }
}

/// A person that a probe resembles, and how much.
package struct GalleryMatch: Hashable, Sendable {
    package var person: String
    /// Cosine, -1...1.
    package var similarity: Double

    package init(person: String, similarity: Double) {
        self.person = person
        self.similarity = similarity
    }
}

/// How the similarities to one person's templates become one.
package enum TemplateFusion: String, Sendable, CaseIterable {
    /// The best one: forgiving, since one odd template is enough.
    case highest
    /// The mean of the best two: one template that fits everybody is not enough.
    case meanOfBestTwo
}

/// All enrolled templates of one embedder, laid side by side for comparison; a value.
package struct Gallery: Sendable {
    /// More are refused: the time of a comparison is part of the promise.
    package static let templatesLargest = 20_000

    package let dimension: Int
    package let fusion: TemplateFusion
    /// `templates × dimension`, the templates of a person together.
    private let values: SecretFloats
    private let people: [(name: String, rows: Range<Int>)]

    /// - Throws: when a template has another length, or there are too many.
    package init(
        _ templates: [FaceTemplate], dimension: Int, fusion: TemplateFusion = .meanOfBestTwo
    ) throws(FaceEmbeddingError) {
        guard templates.count <= Self.templatesLargest else {
            throw FaceEmbeddingError(
                "\(templates.count) face templates, at most \(Self.templatesLargest)",
                remedy: "enrol at this gate only who passes it")
        }
        if let odd = templates.first(where: { $0.embedding.count != dimension }) {
            throw FaceEmbeddingError(
                "a template has \(odd.embedding.count) numbers, the embedder gives \(dimension)",
                remedy: "enrol its owner again")
        }
        var people: [(name: String, rows: Range<Int>)] = []
        var sorted: [FaceTemplate] = []
        for (name, own) in Dictionary(grouping: templates, by: \.person).sorted(by: {
            $0.key < $1.key
        }) {
            people.append((name, sorted.count..<sorted.count + own.count))
            sorted += own
        }
        self.dimension = dimension
        self.fusion = fusion
        templateCount = sorted.count
        values = SecretFloats(count: sorted.count * dimension) { span in
            for (row, template) in sorted.enumerated() {
                template.embedding.copy(into: &span, at: row * dimension)
            }
        }
        self.people = people
    }

    package var peopleCount: Int { people.count }
    package let templateCount: Int
    package var isEmpty: Bool { people.isEmpty }

    /// The people that a probe resembles most, the nearest first.
    ///
    /// - Parameter most: how many are wanted; the second one tells the margin.
    /// - Throws: when the probe is of another length.
    package func nearest(
        to probe: FaceEmbedding, most: Int = 2
    ) throws(FaceEmbeddingError) -> [GalleryMatch] {
        guard probe.count == dimension else {
            throw FaceEmbeddingError(
                "a face of \(probe.count) numbers does not fit a gallery of \(dimension)",
                remedy: "compare faces of one embedder only")
        }
        let products = probe.products(with: values, 0..<templateCount)
        var best: [GalleryMatch] = []
        for (name, rows) in people {
            let similarity = combined(products[rows])
            // Insertion into a handful is cheaper than sorting thousands.
            if best.count == most, let last = best.last, similarity <= last.similarity { continue }
            let match = GalleryMatch(person: name, similarity: similarity)
            let place = best.firstIndex { $0.similarity < similarity } ?? best.endIndex
            best.insert(match, at: place)
            if best.count > most { best.removeLast() }
        }
        return best
    }

    /// How much a probe resembles one person; nil when they are not enrolled or it does not fit.
    package func similarity(of probe: FaceEmbedding, to person: String) -> Double? {
        guard probe.count == dimension,
            let rows = people.first(where: { $0.name == person })?.rows
        else { return nil }
        return combined(probe.products(with: values, rows)[...])
    }

    private func combined(_ products: ArraySlice<Float>) -> Double {
        Self.combined(products, fusion)
    }

    /// One likeness of those to the templates of one person.
    package static func combined(_ products: ArraySlice<Float>, _ fusion: TemplateFusion) -> Double
    {
        var (first, second) = (-Float.infinity, -Float.infinity)
        for value in products {
            if value > first {
                (first, second) = (value, first)
            } else {
                second = max(second, value)
            }
        }
        switch fusion {
        case .highest: return Double(first)
        case .meanOfBestTwo:
            return products.count > 1 ? Double(first + second) / 2 : Double(first)
        }
    }
}
