import CV4L2
import Imaging

/// libv4lconvert for the formats that Imaging does not know: frames become RGB in memory of ours.
@safe final class FrameConverter: @unchecked Sendable {
    private let converter: OpaquePointer
    private let size: PixelSize

    /// Nil when there is no memory for it.
    init?(device: V4L2Device, mode: v4_mode) {
        var mode = mode
        guard let made = unsafe v4_converter_make(device.descriptor.raw, &mode) else { return nil }
        unsafe converter = made
        size = PixelSize(width: Int(mode.width), height: Int(mode.height))
    }

    deinit { unsafe v4_converter_free(converter) }

    /// The frame as RGB, or why it could not be converted.
    func convert(_ bytes: any PixelBytes) -> Result<RGBImage, Damaged> {
        var image = RGBImage(size: size)
        var reason: UnsafePointer<CChar>?
        let status = bytes.withBytes { bytes in
            unsafe bytes.withUnsafeBufferPointer { from in
                unsafe image.pixels.withUnsafeMutableBufferPointer { to in
                    unsafe v4_convert(
                        converter, from.baseAddress, from.count, to.baseAddress, &reason)
                }
            }
        }
        if status == 0 { return .success(image) }
        let told = unsafe reason.map { unsafe String(cString: $0) }
        return .failure(Damaged(reason: told ?? "it cannot be converted"))
    }

    struct Damaged: Error { let reason: String }
}
