import EventLoop
import Foundation
import GateTypes
import Testing

@testable import ServiceRuntime

@Suite struct StandingStateTests {
    @Test func firstStartHasNoEmergency() throws {
        let folder = try ScratchFolder()
        #expect(StandingStateFile(directory: folder.path).load() == StandingState())
    }

    @Test func whatWasKeptIsLoadedByTheNextProcess() throws {
        let folder = try ScratchFolder()
        let file = StandingStateFile(directory: folder.path)
        try file.prepare()
        for emergency in ["fire alarm", nil, "by E017", "火警"] {
            let state = StandingState(emergency: emergency)
            try file.save(state)
            #expect(StandingStateFile(directory: folder.path).load() == state)
        }
    }

    @Test(arguments: ["", "{", "\u{0}\u{0}", "{\"emergency\":5}", "[]"])
    func damagedFileCountsAsEmergency(text: String) throws {
        let folder = try ScratchFolder()
        try text.write(
            toFile: folder.file("standing.json"), atomically: true, encoding: .utf8)
        let state = StandingStateFile(directory: folder.path).load()
        #expect(state.emergency == StandingStateFile.unreadable)
    }

    @Test func newStateNeedsNoNewSpaceOnTheDisk() throws {
        let folder = try ScratchFolder()
        let file = StandingStateFile(directory: folder.path)
        try file.prepare()
        let inodes = { () throws -> Set<Int> in
            Set(
                try ["standing.json", "standing.spare"].map {
                    let attributes = try FileManager.default.attributesOfItem(
                        atPath: folder.file($0))
                    #expect(attributes[.size] as? Int == 4096)
                    return try #require(attributes[.systemFileNumber] as? Int)
                })
        }
        let before = try inodes()
        try file.save(StandingState(emergency: "fire alarm"))
        #expect(try inodes() == before)
        #expect(file.load().emergency == "fire alarm")
    }

    @Test func aStateThatFindsNoRoomIsToldAndKeptAsSoonAsThereIsSome() throws {
        let folder = try ScratchFolder()
        let file = StandingStateFile(directory: folder.path)
        let loop = try EventLoop()
        var told: [SystemError?] = []
        let keeper = try StandingKeeper(file: file, loop: loop) { told.append($0) }
        // The loop does not turn meanwhile, so that no answer makes room.
        for number in 1...150 { keeper.keep(StandingState(emergency: "released by E\(number)")) }
        #expect(told.count == 51 && told.allSatisfy { $0 != nil })
        try loop.run { file.load().emergency == "released by E150" }
        #expect(told.last.map { $0 == nil } == true)
        keeper.finish(within: .seconds(2))
        #expect(file.load().emergency == "released by E150")
    }

    @Test func directoryThatIsNotThereIsAnErrorThatNamesIt() throws {
        let folder = try ScratchFolder()
        let file = StandingStateFile(directory: folder.file("missing"))
        let error = #expect(throws: SystemError.self) { try file.save(StandingState()) }
        #expect(error?.path.contains("missing") == true)
    }
}

@Suite struct InstanceLockTests {
    @Test func secondDaemonOnTheSameStateGetsOneClearSentence() throws {
        let folder = try ScratchFolder()
        let first = try InstanceLock(stateDirectory: folder.path)
        let error = #expect(throws: StartError.self) {
            try InstanceLock(stateDirectory: folder.path)
        }
        #expect(error?.description.contains("another gatehoused already uses") == true)
        #expect(error?.description.contains(folder.path) == true)
        withExtendedLifetime(first) {}
    }

    @Test func lockEndsWithItsHolder() throws {
        let folder = try ScratchFolder()
        do { _ = try InstanceLock(stateDirectory: folder.path) }
        _ = try InstanceLock(stateDirectory: folder.path)
    }

    @Test func missingDirectoryIsAnErrorWithItsRemedy() {
        let error = #expect(throws: StartError.self) {
            try InstanceLock(stateDirectory: "/nowhere/at/all")
        }
        #expect(error?.description.contains("storage: state") == true)
    }

    @Test func directoriesAreMadeWithTheirParents() throws {
        let folder = try ScratchFolder()
        try Directories.make(folder.file("a/b/c"))
        try Directories.make(folder.file("a/b/c"))
        #expect(FileManager.default.fileExists(atPath: folder.file("a/b/c")))
        #expect(throws: SystemError.self) { try Directories.make("/proc/no/such") }
    }
}
