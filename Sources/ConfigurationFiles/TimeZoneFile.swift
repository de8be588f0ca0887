import GateConfiguration

/// Time zones from the system's compiled tables (TZif, RFC 8536).
package enum TimeZoneFile {
    /// Where Debian keeps them.
    package static let folder = "/usr/share/zoneinfo"
    static let sizeMaximum = 262_144
    /// Rules without an end are written out up to this year.
    static let lastYear: Int64 = 2_100

    /// Finds zones under `folder`; UTC is there without any file.
    package static func source(folder: String = folder) -> TimeZoneSource {
        TimeZoneSource { find($0, folder: folder) }
    }

    private static func find(_ name: String, folder: String) -> TimeZoneSource.Answer {
        if name == "UTC" {
            let utc = TimeZoneTable.Transition(fromSeconds: 0, offsetSeconds: 0)
            return .table(TimeZoneTable(name: name, transitions: [utc]))
        }
        let isName = name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || "/_+-".utf8.contains($0)
        }
        guard isName, !name.hasPrefix("/"), name.utf8.count <= 64 else {
            return .unknown(names: names(folder))
        }
        let bytes: [UInt8]
        do {
            bytes = try FileAccess.read("\(folder)/\(name)", atMost: sizeMaximum, trust: .anyone)
        } catch {
            if FileAccess.objectionToFolder(folder, trust: .anyone) != nil {
                return .unreadable("cannot be looked up: \(folder) is not there")
            }
            return .unknown(names: names(folder))
        }
        guard let transitions = parse(bytes) else { return .unreadable("has a damaged table") }
        return .table(TimeZoneTable(name: name, transitions: transitions))
    }

    /// Names from the list that comes with the tables, for suggestions.
    private static func names(_ folder: String) -> [String] {
        guard
            let bytes = try? FileAccess.read("\(folder)/zone.tab", atMost: 1 << 20, trust: .anyone),
            case .text(let text) = TextDecoding.utf8(bytes)
        else { return ["UTC"] }
        return ["UTC"]
            + text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
                let cells = line.split(separator: "\t")
                return cells.count > 2 ? String(cells[2]) : nil
            }
    }

    // MARK: TZif

    private struct Header {
        static let size = 44
        let version: UInt8
        let utCount, standardCount, leapCount, timeCount, typeCount, letterCount: Int

        init?(_ bytes: ArraySlice<UInt8>) {
            guard bytes.count >= Self.size, bytes.starts(with: "TZif".utf8) else { return nil }
            version = bytes[bytes.startIndex + 4]
            let counts = (0..<6).map { Int(bigEndian(bytes, at: 20 + $0 * 4, size: 4)) }
            guard counts.allSatisfy({ (0...100_000).contains($0) }) else { return nil }
            (utCount, standardCount, leapCount) = (counts[0], counts[1], counts[2])
            (timeCount, typeCount, letterCount) = (counts[3], counts[4], counts[5])
        }

        func bodySize(timeSize: Int) -> Int {
            timeCount * (timeSize + 1) + typeCount * 6 + letterCount + leapCount * (timeSize + 4)
                + standardCount + utCount
        }
    }

    /// A signed number of 4 or 8 bytes, at an offset from the slice's start that must exist.
    private static func bigEndian(_ bytes: ArraySlice<UInt8>, at offset: Int, size: Int) -> Int64 {
        let start = bytes.startIndex + offset
        let bits = bytes[start..<start + size].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return size == 4 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
    }

    /// The transitions from 1970 to the end of `lastYear`; nil when the bytes are no TZif.
    package static func parse(_ bytes: [UInt8]) -> [TimeZoneTable.Transition]? {
        guard let first = Header(bytes[...]) else { return nil }
        if first.version == 0 { return body(bytes.dropFirst(Header.size), first, timeSize: 4) }
        // From version 2 on the file says everything again with times of eight bytes.
        let rest = bytes.dropFirst(Header.size + first.bodySize(timeSize: 4))
        guard let second = Header(rest),
            let listed = body(rest.dropFirst(Header.size), second, timeSize: 8)
        else { return nil }
        let footer = rest.dropFirst(Header.size + second.bodySize(timeSize: 8) + 1)
            .prefix { $0 != 0x0A }
        guard let rule = PosixZone(String(decoding: footer, as: UTF8.self)) else {
            return footer.isEmpty ? listed : nil
        }
        let last = listed.last?.fromSeconds ?? 0
        return listed + rule.transitions(after: last, through: lastYear)
    }

    private static func body(_ bytes: ArraySlice<UInt8>, _ header: Header, timeSize: Int)
        -> [TimeZoneTable.Transition]?
    {
        // Leap seconds would make the zone's seconds differ from the clock's.
        guard bytes.count >= header.bodySize(timeSize: timeSize), header.typeCount > 0,
            header.leapCount == 0
        else { return nil }
        let types = header.timeCount * timeSize
        let offsets = types + header.timeCount
        func offset(_ type: Int) -> Int64 { bigEndian(bytes, at: offsets + type * 6, size: 4) }
        var current = offset(0)
        var transitions: [TimeZoneTable.Transition] = []
        for index in 0..<header.timeCount {
            let time = bigEndian(bytes, at: index * timeSize, size: timeSize)
            let type = Int(bytes[bytes.startIndex + types + index])
            guard type < header.typeCount else { return nil }
            if time > 0 {
                if transitions.isEmpty {
                    transitions.append(.init(fromSeconds: 0, offsetSeconds: current))
                }
                transitions.append(.init(fromSeconds: time, offsetSeconds: offset(type)))
            }
            current = offset(type)
        }
        if transitions.isEmpty {
            transitions.append(.init(fromSeconds: 0, offsetSeconds: current))
        }
        let ascending = zip(transitions, transitions.dropFirst()).allSatisfy {
            $0.fromSeconds < $1.fromSeconds
        }
        return ascending ? transitions : nil
    }
}
