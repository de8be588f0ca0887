// swift-tools-version: 6.3
import PackageDescription

// Warnings are errors, and every use of an unsafe pointer is marked where it stands. Tests may look
// inside a module in the one build configuration that there is.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error), .strictMemorySafety(), .unsafeFlags(["-enable-testing"]),
]
let tests: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// A Swift module; ARCHITECTURE.md's import table is checked against these by TidyTests.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies + [arguments], swiftSettings: strict)
}

/// Tests read golden files from the checkout, beside their source.
func test(_ module: String, _ others: [Target.Dependency] = [], golden: Bool = false) -> Target {
    .testTarget(
        name: "\(module)Tests", dependencies: [.byName(name: module)] + others,
        exclude: golden ? ["Golden"] : [], swiftSettings: tests)
}

/// A C target that is header-sized and links one library.
func shim(_ name: String, links libraries: [String] = []) -> Target {
    .target(
        name: name,
        linkerSettings: libraries.map { .linkedLibrary($0) })
}

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let database = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "gatehouse",
    products: [
        .executable(name: "gatehoused", targets: ["gatehoused"]),
        .executable(name: "gatehouse-vision", targets: ["gatehouse-vision"]),
        .executable(name: "gatectl", targets: ["gatectl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Core: pure values and functions.
        module("GateTypes"),
        module("GateConfiguration", ["GateTypes"]),
        module("AccessPolicy", ["GateTypes", "GateConfiguration"]),
        module("PassageControl", ["GateTypes", "GateConfiguration"]),
        module(
            "GateEngine", ["GateTypes", "GateConfiguration", "AccessPolicy", "PassageControl"]),

        // Perception base and perception.
        module("Imaging", ["CJpeg", "CPng", "CYuv", "CPixels"]),
        module("Inference", ["CXnnpack"]),
        module("PlateRecognition", ["GateTypes", "Imaging", "Inference"]),
        module("FaceMatching", ["GateTypes", "Imaging", "Inference", crypto]),

        // Adapter base and adapters: one outside thing each.
        module("EventLoop", ["GateTypes", "CLinux"]),
        module("LineControl", ["GateTypes", "GateConfiguration", "EventLoop", "CGpiod", "CLinux"]),
        module("CredentialReaders", ["GateTypes", "GateConfiguration"]),
        module("VideoCapture", ["GateTypes", "Imaging", "EventLoop", "CV4L2", "CLinux"]),
        module("VisionLink", ["GateTypes", "GateEngine", "EventLoop"]),
        module("EventJournal", ["GateTypes", database, crypto]),
        module("ConfigurationFiles", ["GateTypes", "GateConfiguration", yaml]),
        module("FaceStorage", ["GateTypes", "FaceMatching", database, crypto, "CLinux"]),

        // Simulation and service.
        module(
            "GateSimulation",
            [
                "GateTypes", "GateConfiguration", "GateEngine", "PassageControl",
                "CredentialReaders", "EventLoop", "LineControl", "VideoCapture", "Imaging",
            ]),
        module(
            "ServiceRuntime",
            [
                "GateTypes", "GateConfiguration", "GateEngine", "EventLoop", "LineControl",
                "CredentialReaders", "VideoCapture", "VisionLink", "EventJournal",
                "ConfigurationFiles", "PlateRecognition", "FaceMatching", "FaceStorage",
                "Inference",
                "AccessPolicy", "Imaging", "GateSimulation", "CSystemd", "CLinux",
            ]),

        // Programs.
        program("gatehoused", ["ServiceRuntime"]),
        program("gatehouse-vision", ["ServiceRuntime"]),
        program(
            "gatectl",
            [
                "GateTypes", "GateConfiguration", "AccessPolicy", "GateEngine", "Imaging",
                "Inference",
                "PlateRecognition", "FaceMatching", "FaceStorage", "EventLoop", "LineControl",
                "EventJournal", "ConfigurationFiles", "GateSimulation", "ServiceRuntime",
            ]),

        // Runs in the virtual machine's hardware tests only.
        .executableTarget(
            name: "camera-probe", dependencies: ["VideoCapture", "Imaging"],
            path: "hardware/vm/camera-probe", swiftSettings: strict),

        // C shims.
        shim("CJpeg", links: ["jpeg"]),
        shim("CPng", links: ["png"]),
        shim("CYuv", links: ["yuv"]),
        shim("CXnnpack", links: ["XNNPACK", "pthreadpool"]),
        shim("CGpiod", links: ["gpiod"]),
        shim("CV4L2", links: ["v4lconvert"]),
        shim("CSystemd", links: ["systemd"]),
        shim("CLinux"),
        shim("CPixels"),

        // Tests, and what several of them draw.
        .target(
            name: "TestPictures", dependencies: ["GateTypes", "Imaging"],
            path: "Tests/TestPictures", swiftSettings: tests),
        test("GateTypes"),
        test("GateConfiguration", ["ConfigurationFiles"]),
        test("AccessPolicy"),
        test("PassageControl"),
        test("GateEngine", ["GateSimulation"]),
        test("EventLoop"),
        test("LineControl"),
        test("CredentialReaders"),
        test("VideoCapture"),
        test("VisionLink"),
        test("EventJournal", [database]),
        test("ConfigurationFiles"),
        test("Imaging", golden: true),
        test("Inference", golden: true),
        test("PlateRecognition"),
        test("FaceMatching", ["TestPictures"]),
        test("FaceStorage", [database]),
        test("GateSimulation"),
        test("ServiceRuntime", ["TestPictures"]),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "EventJournal", "FaceMatching", "FaceStorage", "GateTypes", "Imaging",
                "TestPictures",
            ],
            swiftSettings: tests),
        .testTarget(name: "TidyTests", dependencies: [], swiftSettings: tests),
    ],
    swiftLanguageModes: [.v6]
)
