import GateTypes
import Imaging
import Inference

/// Finds and reads every plate of a picture: localiser, the same from near, then reader.
///
/// The picture is decoded small for the localiser and at full scale only around each plate. One
/// instance serves one thread; its result depends on the picture alone.
package final class PlateRecogniser {
    private let localiser: PlateLocaliser
    private let reader: PlateReader
    /// Up to this size the parts around several places are decoded as one.
    private static let jointPixels = 4_000_000

    /// `models` is the folder with the network files; throws when one is missing or damaged.
    package init(models: String = ModelFolder.find()) throws(NetworkError) {
        do throws(NetworkError) {
            localiser = try PlateLocaliser(path: "\(models)/\(ModelFolder.localiser)")
            reader = try PlateReader(path: "\(models)/\(ModelFolder.reader)")
        } catch {
            throw error.ofModelFolder
        }
    }

    /// The plates of a picture whose middle lies in `region` (pixels of the picture; empty: all of
    /// it), surest first. A plate found and not read has an empty text.
    package func read(
        _ picture: Picture, region: [PixelPoint] = []
    ) throws(ImageError) -> [RecognisedPlate] {
        let scale = localiser.decodeScale(for: picture.size)
        let small = try picture.rgb(scale: scale).image
        let located = try Self.explained { () throws(NetworkError) in
            try localiser.locate(in: small, fullSize: picture.size)
        }
        let found = located.filter {
            Quadrilateral.contains($0.corners.centre, polygon: region)
        }
        let decoded = scale == .full ? small : nil
        // What hardly looks like a plate, nearly half of the finds, is looked at only where nothing
        // else could be read.
        let likely = found.filter { $0.probability >= localiser.likely }
        let plates = try read(likely, in: picture, decoded: decoded)
        if plates.contains(where: \.isRead) { return Self.distinct(plates) }
        let rest = found.filter { $0.probability < localiser.likely }
        return Self.distinct(try plates + read(rest, in: picture, decoded: decoded))
    }

    /// The plates at some places, as far as they are worth reading.
    private func read(
        _ places: [LocatedPlate], in picture: Picture, decoded: RGBImage?
    ) throws(ImageError) -> [RecognisedPlate] {
        var plates: [RecognisedPlate] = []
        for near in try distinctPlaces(places, in: picture, decoded: decoded) {
            if near.place.probability < localiser.nearLikely, plates.contains(where: \.isRead) {
                break
            }
            if let plate = try read(near) { plates.append(plate) }
        }
        return plates
    }

    /// A JPEG or PNG file in memory.
    package func read(
        fileBytes: [UInt8], region: [PixelPoint] = []
    ) throws(ImageError) -> [RecognisedPlate] {
        try read(try Picture(fileBytes: fileBytes), region: region)
    }

    /// Reads a picture that is one tight plate crop.
    package func readCrop(_ picture: Picture) throws(ImageError) -> [RecognisedPlate] {
        let image = try picture.rgb().image
        let (right, bottom) = (Double(image.width), Double(image.height))
        let corners = Quadrilateral(
            topLeft: PixelPoint(x: 0, y: 0), topRight: PixelPoint(x: right, y: 0),
            bottomRight: PixelPoint(x: right, y: bottom), bottomLeft: PixelPoint(x: 0, y: bottom))
        let plate = try Self.explained { () throws(NetworkError) in
            try reader.read(image, corners: corners)
        }
        return plate.map { [$0] } ?? []
    }

    /// A place seen from near, and a part of the picture that holds it.
    private struct NearPlace {
        let place: LocatedPlate
        let image: RGBImage
        let origin: PixelPoint
    }

    /// Every place seen from near, surest first, each plate once.
    private func distinctPlaces(
        _ found: [LocatedPlate], in picture: Picture, decoded: RGBImage?
    ) throws(ImageError) -> [NearPlace] {
        let around = found.compactMap { place in
            Self.surroundings(
                of: place.corners, with: localiser.neighbourhood(of: place.corners),
                in: picture.size
            ).map { (place, $0) }
        }
        // A JPEG is unpacked from its top however small the part: once for all, unless that is huge.
        var (image, origin) = (decoded, PixelPoint(x: 0, y: 0))
        if image == nil, let joint = PixelRect.union(around.map(\.1)),
            joint.size.area <= Self.jointPixels
        {
            image = try picture.rgb(part: joint).image
            origin = PixelPoint(x: Double(joint.x), y: Double(joint.y))
        }
        var seen: [NearPlace] = []
        for (place, part) in around {
            let own = if let image { image } else { try picture.rgb(part: part).image }
            let corner = image == nil ? PixelPoint(x: Double(part.x), y: Double(part.y)) : origin
            let near = try Self.explained { () throws(NetworkError) in
                try localiser.examine(place, in: own, origin: corner)
            }
            guard let near, near.probability >= localiser.nearLeast else { continue }
            seen.append(NearPlace(place: near, image: own, origin: corner))
        }
        seen.sort { $0.place.probability > $1.place.probability }
        var kept: [NearPlace] = []
        for near in seen
        where !kept.contains(where: { $0.place.corners.isSamePlate(as: near.place.corners) }) {
            kept.append(near)
        }
        return kept
    }

    private func read(_ near: NearPlace) throws(ImageError) -> RecognisedPlate? {
        let origin = near.origin
        let local = near.place.corners.shifted(by: PixelPoint(x: -origin.x, y: -origin.y))
        let found = try Self.explained { () throws(NetworkError) in
            try reader.read(near.image, corners: local)
        }
        guard var plate = found else { return nil }
        // What neither network believes in is not told.
        if plate.reading.text.isEmpty && near.place.probability < localiser.sure { return nil }
        plate.reading.corners = near.place.corners
        plate.characterBoxes = plate.characterBoxes.map { $0.shifted(by: origin) }
        return plate
    }

    /// What is looked at from near: the neighbourhood, and the plate with a margin for tilt and for
    /// further cuts.
    package static func surroundings(
        of corners: Quadrilateral, with neighbourhood: PixelPart, in size: PixelSize
    ) -> PixelRect? {
        let box = corners.bounds
        let margin = 0.3 * max(box.bottom - box.top, (box.right - box.left) / 4) + 4
        let part = neighbourhood.union(
            PixelPart(
                left: box.left - margin, top: box.top - margin, right: box.right + margin,
                bottom: box.bottom + margin))
        let limit = { (value: Double) in Int(min(max(value, -1e6), 1e6)) }
        let (left, top) = (limit(part.left), limit(part.top))
        return PixelRect(
            x: left, y: top, width: limit(part.right) - left + 1,
            height: limit(part.bottom) - top + 1
        ).clamped(to: size)
    }

    /// One result for each physical plate: of two on one place the surer stays.
    static func distinct(_ plates: [RecognisedPlate]) -> [RecognisedPlate] {
        var kept: [RecognisedPlate] = []
        let surest = plates.sorted { $0.reading.confidence > $1.reading.confidence }
        for plate in surest
        where !kept.contains(where: { $0.reading.corners.isSamePlate(as: plate.reading.corners) }) {
            kept.append(plate)
        }
        return kept
    }

    /// A network that fails on a picture is told like a picture that cannot be read.
    private static func explained<Result>(
        _ body: () throws(NetworkError) -> Result
    ) throws(ImageError) -> Result {
        do throws(NetworkError) {
            return try body()
        } catch {
            throw ImageError(
                kind: .unsupported, problem: "the network fails on it: \(error)",
                remedy: "give a smaller picture, or install the models again")
        }
    }
}
