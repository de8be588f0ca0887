import FaceMatching
import Foundation
import GateTypes
import Glibc

/// What a site has measured on its own enrolled people; it replaces the embedder's own table.
package struct SiteCalibration: Hashable, Sendable, Codable {
    package static let fileName = "calibration.json"

    /// The embedder that it was measured with; for another one it says nothing.
    package var model: String
    package var measured: WallTime
    package var peopleCount: Int
    /// Pairs of templates of different people behind the table.
    package var comparisonCount: Int
    package var calibration: FaceCalibration
    /// For each person, taken for a stranger, the likeness to the nearest other one; falling.
    package var nearestOthers: [Double]
    /// Of each template the likeness to its owner's others, where there are two at least; rising.
    package var genuine: [Double]
    /// The numbers of the templates that it was measured on.
    package var templates: [Int64]

    /// The calibration of a folder for an embedder; nil where there is none, one for another, or one
    /// that others could have written.
    package static func load(_ folder: String, for model: FaceModel) -> SiteCalibration? {
        read(folder).flatMap { $0.model == model.identifier ? $0 : nil }
    }

    fileprivate static func read(_ folder: String) -> SiteCalibration? {
        var status = stat()
        guard unsafe stat("\(folder)/\(fileName)", &status) == 0, status.st_mode & 0o022 == 0,
            let bytes = FileManager.default.contents(atPath: "\(folder)/\(fileName)"),
            let read = try? JSONDecoder().decode(SiteCalibration.self, from: bytes),
            FaceCalibration(read.calibration.points) == read.calibration
        else { return nil }
        return read
    }

    /// When the file was written last, in seconds since 1970; 0 where there is none.
    package static func changed(_ folder: String) -> Int {
        var status = stat()
        return unsafe stat("\(folder)/\(fileName)", &status) == 0 ? status.st_mtim.tv_sec : 0
    }

    package func save(in folder: String) throws(FaceStoreError) {
        try FileOwner.acting(in: folder) { () throws(FaceStoreError) in try write(in: folder) }
    }

    private func write(in folder: String) throws(FaceStoreError) {
        let path = "\(folder)/\(Self.fileName)"
        do {
            // Whoever could write it could make strangers pass: its owner alone, from the start.
            let fresh = path + ".new"
            try? FileManager.default.removeItem(atPath: fresh)
            let isMade = FileManager.default.createFile(
                atPath: fresh, contents: try JSONEncoder().encode(self),
                attributes: [.posixPermissions: 0o600])
            guard isMade, unsafe rename(fresh, path) == 0 else {
                throw FaceStoreError.unusable(
                    path: path, detail: unsafe String(cString: strerror(errno)))
            }
        } catch let error as FaceStoreError {
            throw error
        } catch {
            throw .unusable(path: path, detail: error.localizedDescription)
        }
    }

    fileprivate static func remove(from folder: String) throws(FaceStoreError) {
        try FileOwner.acting(in: folder) { () throws(FaceStoreError) in
            let path = "\(folder)/\(fileName)"
            guard unsafe unlink(path) == 0 || errno == ENOENT else {
                throw .unusable(path: path, detail: unsafe String(cString: strerror(errno)))
            }
        }
    }

    /// Measures similarities between templates of different people.
    ///
    /// - Returns: nil when there are too few pairs for a table: that needs 15 people.
    package static func measure(
        _ templates: [FaceStore.OpenedTemplate], model: FaceModel, at now: WallTime
    ) -> SiteCalibration? {
        var likeness = Likeness()
        likeness.measure(templates)
        let people = likeness.nearest.count
        // Several templates of two people are no independent pairs: bounds count people.
        let pairs = people * (people - 1) / 2
        guard pairs >= 100, let table = table(likeness.strangers.sorted(by: >), pairs: pairs)
        else { return nil }
        return SiteCalibration(
            model: model.identifier, measured: now, peopleCount: people,
            comparisonCount: likeness.strangers.count, calibration: table,
            nearestOthers: likeness.nearest.values.sorted(by: >),
            genuine: likeness.genuine.sorted(), templates: templates.map(\.record.number).sorted())
    }

    private static func table(_ strangers: [Double], pairs: Int) -> FaceCalibration? {
        guard let most = strangers.first else { return nil }
        var points: [FaceCalibration.Point] = []
        var rate = 0.1
        while rate * Double(pairs) >= 10 {
            let rank = Int(rate * Double(strangers.count))
            points.append(
                .init(similarity: min(max(strangers[rank], -1), 1), falseMatchRate: rate))
            rate /= 10.0.squareRoot()
        }
        // Nobody came nearer than this, which bounds the rate and does not measure it.
        let bound = FaceCalibration.upperBound(errors: 0, trials: pairs)
        if let last = points.last, bound < last.falseMatchRate {
            points.append(.init(similarity: min(most + 0.01, 1), falseMatchRate: bound))
        }
        return FaceCalibration(points)
    }
}

extension FaceStore {
    /// What became of the site's calibration when people had left.
    package enum CalibrationChange: Hashable, Sendable {
        /// Nobody it was measured on has left, or there is none.
        case unchanged
        case renewed(people: Int)
        /// Those who are left are too few for a table, or too many to be compared in passing.
        case removed
    }

    /// More templates are compared by `gatectl faces calibrate` only: seconds, and much memory.
    private static let renewedLargest = 4_000

    /// Takes those whose templates are gone out of the site's calibration: likenesses and numbers.
    ///
    /// Which of them were theirs does not stand in the file, so it is measured anew, on the others it
    /// was measured on; where too few of these are left, on everybody who is enrolled.
    @discardableResult
    package func renewCalibration() throws(FaceStoreError) -> CalibrationChange {
        guard let site = SiteCalibration.read(folder) else { return .unchanged }
        let measured = Set(site.templates)
        guard !measured.isSubset(of: try records().map(\.number)) else { return .unchanged }
        let model = FaceModel(name: "", identifier: site.model)
        let all = try templates(of: model)
        let left = all.filter { measured.contains($0.record.number) }
        guard all.count <= Self.renewedLargest,
            let fresh = SiteCalibration.measure(left, model: model, at: site.measured)
                ?? SiteCalibration.measure(all, model: model, at: site.measured)
        else {
            try SiteCalibration.remove(from: folder)
            return .removed
        }
        try fresh.save(in: folder)
        return .renewed(people: fresh.peopleCount)
    }
}

/// Likenesses between the templates of one site.
private struct Likeness {
    var strangers: [Double] = []
    var genuine: [Double] = []
    /// By person, to the nearest other one.
    var nearest: [String: Double] = [:]

    mutating func measure(_ templates: [FaceStore.OpenedTemplate]) {
        let groups = Dictionary(grouping: templates, by: \.record.binding.person)
            .sorted { $0.key < $1.key }
        for (person, own) in groups {
            for one in own {
                for (other, theirs) in groups {
                    let likeness = theirs.filter { $0.record.number != one.record.number }
                        .compactMap { one.embedding.similarity(to: $0.embedding) }
                    guard !likeness.isEmpty else { continue }
                    let fused = Gallery.combined(likeness[...], .meanOfBestTwo)
                    if other == person {
                        if likeness.count >= 2 { genuine.append(fused) }
                        continue
                    }
                    nearest[person] = max(nearest[person] ?? -1, fused)
                    // Each pair once.
                    if person < other { strangers += likeness.map(Double.init) }
                }
            }
        }
    }
}
