import ArgumentParser
import Foundation
import Inference

/// `gatectl network ...`
struct NetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Looks at network files (.ghn).",
        subcommands: [NetworkVerifyCommand.self, NetworkProfileCommand.self])
}

/// `gatectl network profile`: what does each layer cost here?
struct NetworkProfileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "Times each layer of a network on this machine, in processor time.",
        discussion: """
            A row for each layer: its output's shape, its multiplications, its time, and its share \
            of the sum. The last row is the whole network's.
            """)

    @Argument(help: "The network file.") var network: String
    @Option(help: "The input's height in pixels, in place of the file's own.") var height: Int?
    @Option(help: "The input's width.") var width: Int?
    @Option(help: "Runs of each part; the fastest counts.") var rounds = 40

    func validate() throws {
        for side in [height, width].compactMap({ $0 }) where !(1...8_192).contains(side) {
            throw ValidationError("--height and --width take 1 to 8192")
        }
        if !(1...10_000).contains(rounds) { throw ValidationError("--rounds takes 1 to 10000") }
    }

    func run() throws {
        do {
            let profile = try NetworkProfile(
                path: network, height: height, width: width, rounds: rounds)
            let sum = max(profile.steps.map { max($0.milliseconds, 0) }.reduce(0, +), 1e-9)
            print("layer\tshape\tmultiplications\tms\tshare")
            for step in profile.steps {
                let share = max(step.milliseconds, 0) / sum * 100
                print(
                    "\(step.name)\t\(step.shape.map(String.init).joined(separator: "x"))\t"
                        + "\(step.multiplications)\t"
                        + String(format: "%.3f\t%.1f %%", step.milliseconds, share))
            }
            let all = profile.steps.map(\.multiplications).reduce(0, +)
            print("whole\t\t\(all)\t" + String(format: "%.3f\t", profile.milliseconds))
        } catch {
            ErrorOutput.write([error.description])
            throw ExitCode(1)
        }
    }
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
                let found = try StoredAnswer(try Self.bytes(of: path), path: path)
                    .differences(from: opened)
                for (output, difference) in found.sorted(by: { $0.key < $1.key }) {
                    agreed = agreed && difference <= StoredAnswer.tolerance
                    let share = String(format: "%.2g", difference)
                    let verdict = difference <= StoredAnswer.tolerance ? "as stored" : "DIFFERS"
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
        }
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        do {
            return try Array(Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            ErrorOutput.write([
                "\(path): the stored answers cannot be read (\(error.localizedDescription)); name a "
                    + ".golden file that training/export wrote for this network"
            ])
            throw ExitCode(1)
        }
    }

    private func beside() -> [String] {
        StoredAnswer.places(beside: network).filter(FileManager.default.fileExists(atPath:))
    }
}
