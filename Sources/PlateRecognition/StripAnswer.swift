import GateTypes
import Glibc

/// What the network says of one strip, column by column, with what follows from it.
struct StripAnswer {
    let columns: Int
    /// Log odds that a character's middle lies in the column.
    let middle: [Double]
    /// Offset from the column's middle and width (columns); top and bottom (parts of the height).
    let shape: [[Double]]
    /// Log probabilities of the classes in each column, without the empty class.
    let classes: [[Double]]
    private let logits: [[Double]]
    /// The second witness: log probabilities of the classes at each of eight places.
    let jointPlaces: [[Double]]
    /// Log probabilities in the order of the model's types.
    let types: [Double]

    /// `values` are columns × channels.
    init(_ values: [Float], _ model: ReaderModel) {
        let columns = model.width / model.stride
        let channels = values.count / columns
        let row = { (column: Int, start: Int, count: Int) -> [Double] in
            (0..<count).map { Double(values[column * channels + start + $0]) }
        }
        let all = 0..<columns
        self.columns = columns
        let segmentation = all.map { row($0, model.segmentation, 5) }
        middle = segmentation.map { $0[0] }
        shape = segmentation.map { Array($0[1...]) }
        logits = all.map { row($0, model.classes, model.classCount) }
        classes = logits.map { Self.withoutEmpty($0) }
        let attention = (0..<ReaderModel.places).map { place in
            Numerics.logSoftmax(all.map { row($0, model.attention + place, 1)[0] }).map { exp($0) }
        }
        let joint = all.map { row($0, model.joint, model.classCount) }
        jointPlaces = attention.map { weights in
            var sum = [Double](repeating: 0, count: model.classCount)
            for column in all {
                for c in sum.indices { sum[c] += weights[column] * joint[column][c] }
            }
            return Numerics.logSoftmax(sum)
        }
        types = Numerics.logSoftmax(
            (0..<model.types.count).map { type in
                all.reduce(0) { $0 + row($1, model.type + type, 1)[0] } / Double(columns)
            })
    }

    static func withoutEmpty(_ logits: [Double]) -> [Double] {
        [-1e9] + Numerics.logSoftmax(Array(logits[1...]))
    }

    /// Log probabilities of the classes between columns.
    func classes(at x: Double) -> [Double] {
        let x = min(max(x, 0), Double(columns - 1))
        let low = min(Int(x), columns - 2)
        let share = x - Double(low)
        return Self.withoutEmpty(
            zip(logits[low], logits[low + 1]).map { $0 * (1 - share) + $1 * share })
    }
}

/// What one strip says under one form of the grammar.
struct Witness {
    /// Log probabilities of the classes at each place, from both witnesses.
    let logs: [[Double]]
    /// The column of each character, and its middle between columns.
    let path: [Int]
    let middles: [Double]
    /// Log odds for this number of characters standing where they do.
    let support: Double
    /// True when segmentation and the second witness name the same text.
    let agrees: Bool
}

/// Segments strips and reads them under the grammar.
struct PlateDecoder {
    let model: ReaderModel
    /// The second witness's share in each place's posterior.
    private static let share = 0.5
    private static let supportWeight = 0.1
    private static let unlikelyType = 14.0

    /// The way through the columns that explains the strip best: for every place a column, spaced as
    /// the form's characters are, with much evidence of a middle and of an allowed character.
    func segment(_ answer: StripAnswer, _ form: ReadableForm) -> [Int] {
        let best = form.places.map { choices in
            answer.classes.map { logs in
                choices.reduce(-1e9) { max($0, logs[$1.index] + $1.logPrior) }
            }
        }
        var total = (0..<answer.columns).map {
            model.segmentWeight * answer.middle[$0] + best[0][$0]
        }
        var back: [[Int]] = []
        for place in 1..<form.places.count {
            let pitch = form.pitches[place - 1]
            let width = model.spread * pitch + 0.35
            var next = [Double](repeating: -1e9, count: answer.columns)
            var from = [Int](repeating: 0, count: answer.columns)
            for column in 0..<answer.columns {
                for previous in 0..<column {
                    let gap = Double(column - previous)
                    guard gap > 0.45 * pitch else { break }
                    let off = (gap - pitch) / width
                    let score = total[previous] - off * off / 2
                    if score > next[column] { (next[column], from[column]) = (score, previous) }
                }
                next[column] += model.segmentWeight * answer.middle[column] + best[place][column]
            }
            total = next
            back.append(from)
        }
        var path = [total.indices.max { total[$0] < total[$1] } ?? 0]
        for from in back.reversed() { path.append(from[path[path.count - 1]]) }
        return path.reversed()
    }

    func witness(_ answer: StripAnswer, _ form: ReadableForm) -> Witness {
        let path = segment(answer, form)
        let middles = path.map { Double($0) + min(max(answer.shape[$0][0], -0.7), 0.7) }
        let own = middles.map { answer.classes(at: $0) }
        let joint = answer.jointPlaces
        let logs = own.indices.map { place in
            Numerics.logSoftmax(
                zip(own[place], joint[place]).map {
                    (1 - Self.share) * $0 + Self.share * $1
                })
        }
        let last = joint[ReaderModel.places - 1][0]
        let empty =
            form.places.count < ReaderModel.places ? last : log1p(-min(exp(last), 0.999999))
        let standing = path.reduce(0) { $0 + answer.middle[$1] }
        return Witness(
            logs: logs, path: path, middles: middles,
            support: Self.share * empty + Self.supportWeight * model.segmentWeight * standing,
            agrees: form.places.indices.allSatisfy {
                Self.best(form.places[$0], own[$0]).index
                    == Self.best(form.places[$0], joint[$0]).index
            })
    }

    static func best(_ choices: [ClassChoice], _ logs: [Double]) -> ClassChoice {
        choices.max { logs[$0.index] + $0.logPrior < logs[$1.index] + $1.logPrior } ?? choices[0]
    }

    /// The best reading of strips that are cuts of one plate with this number of rows.
    func decode(_ answers: [StripAnswer], isDouble: Bool) -> StripReading? {
        guard let first = answers.first else { return nil }
        let count = Double(answers.count)
        let types = model.types.indices.map { type in
            answers.reduce(0) { $0 + $1.types[type] } / count
        }
        let other = model.types.firstIndex(of: .other).map { types[$0] } ?? 0
        let forms = model.forms.filter { ($0.type == .yellowDouble) == isDouble }
        let logType = { (form: ReadableForm) in
            self.model.types.firstIndex(of: form.type).map { types[$0] } ?? -1e9
        }
        let likeliest = forms.map(logType).max() ?? 0
        var best: StripReading?
        for form in forms {
            let type = logType(form)
            // No text makes up for a type so unlikely; most types are, and cost as much as any.
            guard type > likeliest - Self.unlikelyType else { continue }
            let said = answers.map { witness($0, form) }
            let logs = form.places.indices.map { place in
                form.places[place].map { choice in
                    said.reduce(0) { $0 + $1.logs[place][choice.index] } / count
                        + choice.logPrior
                }
            }
            let top = logs.map { $0.max() ?? -1e9 }
            let support = said.reduce(0) { $0 + $1.support } / count
            let score = top.reduce(0, +) + type + form.logPrior + support
            if let best, score <= best.score { continue }
            let standing = said[0].path.map { Numerics.logistic(first.middle[$0]) }
            best = StripReading(
                form: form, score: score, logs: logs, isDouble: isDouble,
                boxes: zip(said[0].path, said[0].middles).map { column, middle in
                    let shape = first.shape[column]
                    return StripBox(
                        middle: (middle + 0.5) * Double(model.stride),
                        width: max(shape[1], 1) * Double(model.stride),
                        top: shape[2], bottom: max(shape[3], shape[2] + 0.1))
                },
                features: [
                    top.reduce(0, +), top.min() ?? 0, type,
                    log1p(-min(exp(other), 0.999999)), said[0].agrees ? 1 : 0,
                    standing.reduce(0, +) / Double(standing.count),
                ])
        }
        return best
    }
}

/// Where a character stands in a strip: pixels along it, parts of its height across.
struct StripBox {
    let middle, width, top, bottom: Double
}

/// The best reading of a plate's strips.
struct StripReading {
    let form: ReadableForm
    let score: Double
    /// For each place and each of its choices the log probability.
    let logs: [[Double]]
    let isDouble: Bool
    let boxes: [StripBox]
    /// What the calibration weighs: sum and least of the best logs, log of the type, log of its being a
    /// plate, agreement of the witnesses, mean evidence of the middles.
    let features: [Double]

    /// The most probable character of each place.
    var text: [Character] {
        zip(form.places, logs).map { choices, logs in
            logs.indices.max { logs[$0] < logs[$1] }.map { choices[$0].character } ?? "?"
        }
    }
}
