/// Why a picture could not be read, written or transformed, where, and what to do.
package struct ImageError: Error, Equatable, CustomStringConvertible {
    /// The classes of failure, for callers that act on them.
    package enum Kind: Equatable, Sendable {
        case unreadable, unwritable, empty, notAPicture, tooLarge, damaged, unsupported
        case outOfBounds, degenerate
    }

    package let kind: Kind
    /// The file, where there is one.
    package var file: String?
    package let problem: String
    package let remedy: String

    package init(kind: Kind, file: String? = nil, problem: String, remedy: String) {
        self.kind = kind
        self.file = file
        self.problem = problem
        self.remedy = remedy
    }

    package var description: String {
        "\(file.map { "\($0): " } ?? "")\(problem); \(remedy)"
    }

    func located(in file: String) -> ImageError {
        var error = self
        error.file = file
        return error
    }

    static func tooLarge(_ width: Int, _ height: Int) -> ImageError {
        ImageError(
            kind: .tooLarge,
            problem: "\(width)x\(height) is more than \(ImageLimits.pixels / 1_000_000) megapixels",
            remedy: "give a smaller picture")
    }
}

/// The limits of what is decoded; a box has 1 GiB of memory.
package enum ImageLimits {
    /// Pixels of one picture.
    package static let pixels = 64_000_000
    /// Bytes of one file.
    package static let fileBytes = 128 << 20
}
