import Glibc

/// Small functions of numbers.
enum Numerics {
    static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    static func logit(_ p: Double) -> Double { log(p / (1 - p)) }
}
