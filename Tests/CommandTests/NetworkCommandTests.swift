import Foundation
import Testing

/// `gatectl network` on what is not there and on what is out of range.
@Suite(.enabled(if: Gatectl.isBuilt, "gatectl is not built: swift build -c release"))
struct NetworkCommandTests {
    private static let network = "models/plate-reader.ghn"

    @Test func storedAnswersThatAreNotThereAreNamedWithTheRemedy() throws {
        let result = try Gatectl.run(["network", "verify", Self.network, "/nowhere/x.golden"])
        #expect(result.status == 1 && result.output == "")
        #expect(result.errors.hasPrefix("/nowhere/x.golden: "), "\(result.errors)")
        #expect(result.errors.contains("name a .golden file"))
    }

    @Test(arguments: ["0", "-1", "10001"])
    func roundsThatMeasureNothingOrNeverEndAreRefused(rounds: String) throws {
        let result = try Gatectl.run([
            "network", "profile", Self.network, "--rounds=\(rounds)",
        ])
        #expect(result.status == 64 && result.errors.contains("--rounds takes 1 to 10000"))
    }
}
