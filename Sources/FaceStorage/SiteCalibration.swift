import FaceMatching
import Foundation
import Glibc

/// What a site has measured on its own enrolled people; it replaces the embedder's own table.
package struct SiteCalibration: Hashable, Sendable, Codable {
    package static let fileName = "calibration.json"

    /// The embedder that it was measured with; for another one it says nothing.
    package var model: String
    package var peopleCount: Int
    /// Pairs of templates of different people behind the table.
    package var comparisonCount: Int
    package var calibration: FaceCalibration

    package init(
        model: String, peopleCount: Int, comparisonCount: Int, calibration: FaceCalibration
    ) {
        self.model = model
        self.peopleCount = peopleCount
        self.comparisonCount = comparisonCount
        self.calibration = calibration
    }

    /// The calibration of a folder for an embedder; nil where there is none, or one for another.
    package static func load(_ folder: String, for model: FaceModel) -> SiteCalibration? {
        guard let bytes = FileManager.default.contents(atPath: "\(folder)/\(fileName)"),
            let read = try? JSONDecoder().decode(SiteCalibration.self, from: bytes),
            read.model == model.identifier,
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
        let path = "\(folder)/\(Self.fileName)"
        do {
            try JSONEncoder().encode(self).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw .unusable(path: path, detail: error.localizedDescription)
        }
        FileOwner.give(path, likeFolderOf: path)
    }

    /// Measures similarities between templates of different people.
    ///
    /// - Returns: nil when there are too few pairs for a table: that needs 15 people.
    package static func measure(
        _ templates: [FaceStore.OpenedTemplate], model: FaceModel
    ) -> (site: SiteCalibration, genuine: [Double])? {
        var (strangers, genuine) = ([Double](), [Double]())
        for (index, one) in templates.enumerated() {
            for other in templates[(index + 1)...] {
                guard let likeness = one.embedding.similarity(to: other.embedding) else { continue }
                if one.record.binding.person == other.record.binding.person {
                    genuine.append(Double(likeness))
                } else {
                    strangers.append(Double(likeness))
                }
            }
        }
        let people = Set(templates.map(\.record.binding.person)).count
        // Several templates of two people are no independent pairs: bounds count people.
        let pairs = people * (people - 1) / 2
        strangers.sort(by: >)
        guard pairs >= 100, let most = strangers.first else { return nil }
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
        return FaceCalibration(points).map {
            (
                SiteCalibration(
                    model: model.identifier, peopleCount: people,
                    comparisonCount: strangers.count, calibration: $0), genuine
            )
        }
    }
}
