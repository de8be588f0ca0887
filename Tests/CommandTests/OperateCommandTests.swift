import Testing

/// Commands that act, as far as they need no gate.
@Suite(.enabled(if: Gatectl.isBuilt, "gatectl is not built: swift build -c release"))
struct OperateCommandTests {
    @Test(arguments: [String(repeating: "x", count: 65), "E\u{1B}[31m017"])
    func aNameThatCannotGoOnRecordIsRefusedBeforeTheGateIsAsked(name: String) throws {
        let result = try Gatectl.run([
            "open", "lane1", "--as", name, "--socket", "/nowhere/control.sock",
        ])
        #expect(result.status == 64)
        #expect(result.errors.contains("--as takes a name of 1 to 64 bytes"), "\(result.errors)")
    }

    @Test func aNameOf64BytesIsAsked() throws {
        let result = try Gatectl.run([
            "open", "lane1", "--as", String(repeating: "x", count: 64), "--socket",
            "/nowhere/control.sock",
        ])
        #expect(result.errors.contains("no gate answers there"), "\(result.errors)")
    }
}
