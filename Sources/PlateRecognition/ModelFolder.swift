import Glibc

/// Where the network files lie: beside the program, in a checkout, or installed.
package enum ModelFolder {
    /// File names of the networks that plate reading needs.
    package static let localiser = "plate-localiser.ghn"
    package static let reader = "plate-reader.ghn"
    package static let installed = "/usr/share/gatehouse/models"

    /// The first folder that holds the localiser: `GATEHOUSE_MODELS`, `models` beside the running
    /// program or above it (a checkout), the installed one.
    package static func find() -> String {
        var places: [String] = []
        if let named = unsafe getenv("GATEHOUSE_MODELS") {
            places.append(unsafe String(cString: named))
        }
        var folder = programFolder()
        while !folder.isEmpty {
            places.append(folder + "/models")
            folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
        }
        places.append(installed)
        return places.first { unsafe access("\($0)/\(localiser)", R_OK) == 0 } ?? installed
    }

    private static func programFolder() -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard length > 0 else { return "" }
        let path = String(
            decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
}
