import Glibc

/// Small functions of numbers.
enum Numerics {
    static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    static func logit(_ p: Double) -> Double { log(p / (1 - p)) }

    /// Logarithms of the probabilities that logits stand for.
    static func logSoftmax(_ logits: [Double]) -> [Double] {
        let most = logits.max() ?? 0
        let sum = log(logits.reduce(0) { $0 + exp($1 - most) }) + most
        return logits.map { $0 - sum }
    }
}
