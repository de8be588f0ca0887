/// Natural logarithm and exponential without a C library, for the core imports nothing that does I/O.
enum LogarithmicMath {
    private static let ln2 = 0.693_147_180_559_945_3

    /// ln(x) to about 1e-15; the smallest positive number stands in for what is not positive.
    static func ln(_ x: Double) -> Double {
        guard x.isFinite, x > 0 else { return x > 0 ? x : ln(.leastNormalMagnitude) }
        var (mantissa, exponent) = (x.significand, Double(x.exponent))
        if mantissa > 1.414_213_562_373_095 {
            mantissa /= 2
            exponent += 1
        }
        // ln(m) = 2 artanh((m - 1) / (m + 1)); |z| <= 0.172 makes twelve terms ample.
        let z = (mantissa - 1) / (mantissa + 1)
        let square = z * z
        var sum = 0.0
        for term in stride(from: 23, through: 1, by: -2) {
            sum = sum * square + 1 / Double(term)
        }
        return exponent * ln2 + 2 * z * sum
    }

    /// e to the power of x to about 1e-15; zero below -700, capped above 700.
    static func exp(_ x: Double) -> Double {
        guard x > -700 else { return 0 }
        let x = min(x, 700)
        let scale = (x / ln2).rounded()
        let rest = x - scale * ln2
        var sum = 1.0
        for term in stride(from: 16, through: 1, by: -1) {
            sum = 1 + sum * rest / Double(term)
        }
        return Double(sign: .plus, exponent: Int(scale), significand: sum)
    }
}
