import ArgumentParser
import Foundation
import Inference

/// `gatectl network ...`
struct NetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Looks at network files (.ghn).",
        subcommands: [NetworkVerifyCommand.self])
}

/// `gatectl network verify`: does this machine compute what the trainer's did?
struct NetworkVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compares a network's answers on this machine with its stored ones.",
        discussion: """
            Without ANSWERS, FILE.golden and golden/FILE.golden beside the file are taken. Exit \
            status: 0 when every output is within 1e-4 of its largest value, 1 when one is not, or \
            a file is damaged.
            """)

    /// A stated bound of every back end (DESIGN, chosen parts).
    private static let tolerance: Float = 1e-4

    @Argument(help: "The network file.") var network: String
    @Argument(help: "Its stored answers.") var answers: [String] = []

    func run() throws {
        do {
            let opened = try Network(path: network)
            let chosen = answers.isEmpty ? beside() : answers
            guard !chosen.isEmpty else {
                throw ValidationError(
                    "no stored answers beside \(network); name a .golden file after it")
            }
            var agreed = true
            for path in chosen {
                let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: path)))
                let found = try StoredAnswer(bytes, path: path).differences(from: opened)
                for (output, difference) in found.sorted(by: { $0.key < $1.key }) {
                    agreed = agreed && difference <= Self.tolerance
                    let share = String(format: "%.2g", difference)
                    let verdict = difference <= Self.tolerance ? "as stored" : "DIFFERS"
                    print("\(path): \(output): \(verdict), by \(share) of its largest value")
                }
            }
            if !agreed { throw ExitCode(1) }
        } catch let error as NetworkError {
            ErrorOutput.write([error.description])
            throw ExitCode(1)
        } catch let error as StoredAnswer.Malformed {
            ErrorOutput.write([error.description])
            throw ExitCode(1)
        } catch let error as CocoaError {
            ErrorOutput.write([error.localizedDescription])
            throw ExitCode(1)
        }
    }

    private func beside() -> [String] {
        let file = URL(fileURLWithPath: network)
        let name = file.deletingPathExtension().lastPathComponent + ".golden"
        let folder = file.deletingLastPathComponent()
        return [
            folder.appendingPathComponent(name), folder.appendingPathComponent("golden/\(name)"),
        ]
        .map(\.path).filter { FileManager.default.fileExists(atPath: $0) }
    }
}
