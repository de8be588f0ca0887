import GateTypes
import Imaging
import Testing

@testable import FaceMatching

/// Probes, templates and pictures of faces are overwritten where they lie.
@Suite struct WipeTests {
    /// Memory that outlives its owner, so that a test can look at what is left in it.
    final class KeptMemory {
        let floats = UnsafeMutableBufferPointer<Float>.allocate(capacity: 64)
        deinit { floats.deallocate() }

        func secret() -> SecretFloats {
            SecretFloats(floats, givesBack: false) { span in
                for index in span.indices { span[index] = Float(index + 1) }
            }
        }
    }

    @Test func aProbeIsOverwrittenWithItsLastHolder() {
        let memory = KeptMemory()
        var face: ReadFace? = EnrolmentTests.face(FaceEmbedding(storage: memory.secret()))
        var other = face
        #expect(memory.floats.allSatisfy { $0 > 0 })
        face = nil
        #expect(memory.floats.allSatisfy { $0 > 0 } && other?.embedding?.count == 64)
        other = nil
        #expect(memory.floats.allSatisfy { $0 == 0 })
    }

    @Test func aGalleryCopiesTemplatesAndGoesWithThem() throws {
        let memory = KeptMemory()
        var templates = [
            FaceTemplate(person: "E1", embedding: FaceEmbedding(storage: memory.secret()))
        ]
        let gallery = try Gallery(templates, dimension: 64)
        templates = []
        // The list is gone and overwritten; what is compared with is the gallery's own copy.
        #expect(memory.floats.allSatisfy { $0 == 0 })
        let probe = try #require(FaceEmbedding(normalising: (0..<64).map { Float($0 + 1) }))
        #expect(try #require(gallery.nearest(to: probe).first).similarity > 100)
    }

    @Test func aPictureIsOverwrittenInPlace() {
        var image = QualityTests.face()
        let before = image.pixels.withUnsafeBufferPointer { $0.baseAddress }
        #expect(image.pixels.contains { $0 != 0 })
        image.wipe()
        let after = image.pixels.withUnsafeBufferPointer { $0.baseAddress }
        #expect(before == after && image.pixels.allSatisfy { $0 == 0 })
        #expect(image.pixels.count == image.size.area * 3)
    }

    @Test func whatWasDecodedOfAFrameIsOverwrittenInPlace() throws {
        let (_, reader) = try ReaderTests.reader()
        let frame = RGBImage.spots(PixelSize(width: 320, height: 240), [(x: 80, y: 80)])
        var found = try reader.detect(in: frame.picture)
        let face = try #require(found.faces.first)
        #expect(try reader.read(face, of: found).embedding != nil)
        let before = found.decoded.pixels.withUnsafeBufferPointer { $0.baseAddress }
        found.wipe()
        let after = found.decoded.pixels.withUnsafeBufferPointer { $0.baseAddress }
        #expect(before != nil && before == after)
        #expect(found.isWhole && found.decoded.pixels.allSatisfy { $0 == 0 })
        // The camera's own picture is another matter: its buffer takes the next frame.
        #expect(frame.pixels.contains { $0 != 0 })
    }

    @Test func theSmallDecodingOfAHugePictureIsOverwrittenInPlace() throws {
        let (_, reader) = try ReaderTests.reader()
        let size = PixelSize(width: 2_560, height: 1_920)
        let frame = RGBImage.spots(size, [(x: 1_280, y: 960)], side: 32)
        var found = try reader.detect(in: frame.picture)
        let face = try #require(found.faces.first)
        #expect(try reader.read(face, of: found).embedding != nil)
        #expect(!found.isWhole && found.decoded.pixels.contains { $0 != 0 })
        let before = found.decoded.pixels.withUnsafeBufferPointer { $0.baseAddress }
        found.wipe()
        let after = found.decoded.pixels.withUnsafeBufferPointer { $0.baseAddress }
        #expect(before != nil && before == after)
        #expect(found.decoded.pixels.allSatisfy { $0 == 0 })
    }
}
