/// Our own letters of 5 × 7 dots, and Latin names for the Chinese characters of plates.
enum Glyphs {
    static let width = 5
    static let height = 7

    /// The dots of a character: 35 bits, row by row from the top left; a box when it is unknown.
    static func dots(_ scalar: Unicode.Scalar) -> UInt64 {
        guard (32...126).contains(scalar.value) else { return 0x7_FFFF_FFFF }
        return ascii[Int(scalar.value) - 32]
    }

    /// Text that the letters can show: provinces become the letters of GB/T 2260, the other
    /// characters of plates their pinyin or short name; what is not known becomes a box.
    ///
    /// Chinese letters of our own would need a drawn font, those of others bring their licences.
    static func latin(_ text: String) -> String {
        var result = ""
        for character in text {
            if let name = names[character] {
                result += name
            } else {
                result.append(character)
            }
        }
        return result
    }

    private static let names: [Character: String] = [
        "京": "BJ", "津": "TJ", "冀": "HE", "晋": "SX", "蒙": "NM", "辽": "LN", "吉": "JL", "黑": "HL",
        "沪": "SH", "苏": "JS", "浙": "ZJ", "皖": "AH", "闽": "FJ", "赣": "JX", "鲁": "SD", "豫": "HA",
        "鄂": "HB", "湘": "HN", "粤": "GD", "桂": "GX", "琼": "HI", "渝": "CQ", "川": "SC", "贵": "GZ",
        "云": "YN", "藏": "XZ", "陕": "SN", "甘": "GS", "青": "QH", "宁": "NX", "新": "XJ",
        "港": "HK", "澳": "MO", "警": "JING", "学": "XUE", "挂": "GUA", "使": "SHI", "领": "LING",
        "应": "YING", "急": "JI", "民": "MIN", "航": "HANG", "·": ".",
    ]

    private static let ascii: [UInt64] = [
        0x000000000, 0x108421004, 0x294000000, 0x295F57D4A, 0x11F4717C4, 0x632222263,
        0x32544564D, 0x108000000, 0x088842082, 0x208210888, 0x02AEFBAA0, 0x0084F9080,
        0x000003088, 0x0000F8000, 0x00000018C, 0x042222210, 0x3A33AE62E, 0x11942109F,
        0x3A213221F, 0x3A213062E, 0x08CA97C42, 0x7E1E0862E, 0x1910F462E, 0x7C2221108,
        0x3A317462E, 0x3A317844C, 0x018C03180, 0x018C03088, 0x088882082, 0x001F07C00,
        0x208208888, 0x3A2131004, 0x3A37ADE0E, 0x3A31FC631, 0x7A31F463E, 0x3A308422E,
        0x72518C65C, 0x7E10F421F, 0x7E10F4210, 0x3A30BC62F, 0x4631FC631, 0x38842108E,
        0x1C4210A4C, 0x4654C5251, 0x42108421F, 0x4775AC631, 0x4739ACE71, 0x3A318C62E,
        0x7A31F4210, 0x3A318D64D, 0x7A31F5251, 0x3E107043E, 0x7C8421084, 0x46318C62E,
        0x46318A944, 0x4631AD771, 0x462A22A31, 0x462A21084, 0x7C222221F, 0x39084210E,
        0x420820821, 0x38421084E, 0x115100000, 0x00000001F, 0x208000000, 0x000E0BE2F,
        0x421E8C63E, 0x000F8420F, 0x042F8C62F, 0x000E8FE0F, 0x191E42108, 0x01F18BC2E,
        0x421E8C631, 0x100C2108E, 0x080610A4C, 0x4212A6292, 0x30842108E, 0x001AAD6B5,
        0x001E8C631, 0x000E8C62E, 0x03D18FA10, 0x01F18BC21, 0x0017C4210, 0x000F8383E,
        0x211E42106, 0x00118C62F, 0x00118C544, 0x00118D6AA, 0x001151151, 0x02318BC2E,
        0x001F1111F, 0x088441082, 0x108421084, 0x208411088, 0x0008A8800,
    ]
}
