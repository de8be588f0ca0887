import Glibc

/// Picture files by path; errors name the file.
package enum ImageFile {
    /// The whole file, up to the limit of `ImageLimits.fileBytes`.
    package static func bytes(of path: String) throws(ImageError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path, "open", .unreadable) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw failure(path, "fstat", .unreadable)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ImageError(
                kind: .unreadable, file: path, problem: "not a regular file",
                remedy: "name a picture file")
        }
        let size = Int(status.st_size)
        guard size <= ImageLimits.fileBytes else {
            throw ImageError(
                kind: .tooLarge, file: path,
                problem: "\(size) bytes, more than \(ImageLimits.fileBytes)",
                remedy: "give a smaller file")
        }
        var failed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, done in
            while done < size {
                let start = unsafe buffer.baseAddress?.advanced(by: done)
                let count = unsafe read(descriptor, start, size - done)
                if count < 0 && errno == EINTR { continue }
                failed = count < 0
                guard count > 0 else { return }  // Shorter by now: what is there is judged.
                done += count
            }
        }
        guard !failed else { throw failure(path, "read", .unreadable) }
        return bytes
    }

    /// Writes a picture as PNG, or as JPEG when the name ends in `.jpg` or `.jpeg`.
    package static func write(
        _ image: some Raster, to path: String, quality: Int = 90
    ) throws(ImageError) {
        let isJPEG = path.lowercased().hasSuffix(".jpg") || path.lowercased().hasSuffix(".jpeg")
        do throws(ImageError) {
            let bytes = isJPEG ? try JPEG.encode(image, quality: quality) : try PNG.encode(image)
            try write(bytes, to: path)
        } catch {
            throw error.located(in: path)
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(ImageError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(path, "open", .unwritable) }
        defer { close(descriptor) }
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(
                    descriptor, $0.baseAddress?.advanced(by: done), bytes.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure(path, "write", .unwritable) }
            done += count
        }
    }

    private static func failure(
        _ path: String, _ call: String, _ kind: ImageError.Kind
    ) -> ImageError {
        ImageError(
            kind: kind, file: path, problem: "\(call): \(unsafe String(cString: strerror(errno)))",
            remedy: "check the path, the permissions and the space on the disk")
    }
}
