import CV4L2
import EventLoop
import GateTypes
import Glibc

/// One opened video device: its ioctls with errors; no policy. The pointers of C stay here and in
/// `BufferPool`.
struct V4L2Device {
    let descriptor: Descriptor
    private(set) var isMulti = false
    private(set) var card = ""
    private(set) var captures = false

    private var raw: Int32 { descriptor.raw }
    private var multi: Int32 { isMulti ? 1 : 0 }
    private var path: String { descriptor.path }

    init(path: String) throws(SystemError) {
        descriptor = try Descriptor.open(path, O_RDWR | O_NONBLOCK)
        var device = v4_device()
        try systemCall("VIDIOC_QUERYCAP", path) { unsafe v4_query(descriptor.raw, &device) }
        isMulti = device.multi != 0
        card = "\(text(of: device.driver)) \(text(of: device.card))"
        captures = device.captures != 0 && device.streams != 0
    }

    /// The formats that the driver lists, as four letters in a number.
    func formats() throws(SystemError) -> [UInt32] {
        var formats: [UInt32] = []
        while formats.count < 64 {
            var fourcc: UInt32 = 0
            do {
                try systemCall("VIDIOC_ENUM_FMT", path) {
                    unsafe v4_format(raw, multi, UInt32(formats.count), &fourcc)
                }
            } catch {
                if error.code == EINVAL { break }
                throw error
            }
            formats.append(fourcc)
        }
        return formats
    }

    /// Asks for a mode; returns what the driver gives.
    func setMode(_ wanted: v4_mode) throws(SystemError) -> v4_mode {
        var mode = wanted
        try systemCall("VIDIOC_S_FMT", path) { unsafe v4_set_mode(raw, multi, &mode) }
        return mode
    }

    /// Asks for frames a second; nil when the driver has no say in it.
    func setRate(_ rate: Double) -> Double? {
        var frames = UInt32((rate * 1000).rounded())
        var seconds: UInt32 = 1000
        let status = try? systemCall("VIDIOC_S_PARM", path) {
            unsafe v4_set_rate(raw, multi, &frames, &seconds)
        }
        guard status != nil, frames > 0, seconds > 0 else { return nil }
        return Double(frames) / Double(seconds)
    }

    /// The settable controls by their names as v4l2-ctl writes them, and whether they choose a way
    /// of working rather than an amount.
    func controls() -> [String: (id: UInt32, isMode: Bool)] {
        var controls: [String: (id: UInt32, isMode: Bool)] = [:]
        var control = v4_control()
        for _ in 0..<1024 {
            let last = control.id
            let status = try? systemCall("VIDIOC_QUERYCTRL", path) {
                unsafe v4_next_control(raw, last, &control)
            }
            guard status != nil, control.id != last else { break }
            guard control.is_settable != 0 else { continue }
            let isMode =
                control.type == V4_CONTROL_BOOLEAN || control.type == V4_CONTROL_MENU
            controls[Self.controlName(text(of: control.name))] = (control.id, isMode)
        }
        return controls
    }

    func setControl(_ id: UInt32, _ value: Int64) throws(SystemError) {
        try systemCall("VIDIOC_S_EXT_CTRLS", path) { v4_set_control(raw, id, value) }
    }

    /// "Exposure Time, Absolute" becomes "exposure_time_absolute".
    static func controlName(_ name: String) -> String {
        name.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
            .joined(separator: "_")
    }

    /// Asks for buffers; returns how many there are.
    func requestBuffers(_ count: Int) throws(SystemError) -> Int {
        Int(
            try systemCall("VIDIOC_REQBUFS", path) {
                v4_request(raw, multi, UInt32(count))
            })
    }

    /// Maps a buffer of the driver.
    func map(_ index: Int) throws(SystemError) -> UnsafeMutableRawBufferPointer {
        var length = 0
        var offset: Int64 = 0
        try systemCall("VIDIOC_QUERYBUF", path) {
            unsafe v4_locate(raw, multi, UInt32(index), &length, &offset)
        }
        let start = unsafe mmap(nil, length, PROT_READ, MAP_SHARED, raw, off_t(offset))
        guard let start = unsafe start, unsafe start != MAP_FAILED else {
            throw SystemError("mmap", path, code: errno)
        }
        return unsafe UnsafeMutableRawBufferPointer(start: start, count: length)
    }

    func queue(_ index: Int) throws(SystemError) {
        try systemCall("VIDIOC_QBUF", path) { v4_queue(raw, multi, UInt32(index)) }
    }

    /// The oldest filled buffer; nil when none is.
    func dequeue() throws(SystemError) -> v4_frame? {
        var frame = v4_frame()
        let status = try nonblockingCall("VIDIOC_DQBUF", path) {
            unsafe v4_dequeue(raw, multi, &frame)
        }
        return status == nil ? nil : frame
    }

    func stream(_ on: Bool) throws(SystemError) {
        try systemCall(on ? "VIDIOC_STREAMON" : "VIDIOC_STREAMOFF", path) {
            v4_stream(raw, multi, on ? 1 : 0)
        }
    }
}

/// The text in a C array of characters.
func text<Characters>(of characters: Characters) -> String {
    unsafe withUnsafeBytes(of: characters) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
