import Foundation
import GateTypes
import Testing

@Suite struct PictureNameTests {
    static let times: [(Int64, String)] = [
        (0, "1970-01-01/000000.000-17"), (951_826_153_007, "2000-02-29/120913.007-17"),
        (1_795_735_880_123, "2026-11-26/233120.123-17"),
        (253_402_300_799_999, "9999-12-31/235959.999-17"),
        (.max, "9999-12-31/235959.999-17"), (.min, "1970-01-01/000000.000-17"),
    ]

    @Test(arguments: times)
    func nameTellsDayTimeAndPassageAndIsReadBack(milliseconds: Int64, text: String) {
        let name = PictureName(arrival: WallTime(milliseconds: milliseconds), passage: 17)
        #expect(name.text == text)
        #expect(PictureName(folder: name.folder, stem: name.stem) == name)
    }

    @Test(arguments: [
        ("2026-11-31", "000000.000-1"), ("2026-11-26", "240000.000-1"),
        ("2026-11-26", "000000.000-+1"), ("2026-11-26", "000000.000-01"),
        ("2026-11-26", "006000.000-1"), ("2026-11-26", "000000.00-1"), ("..", "000000.000-1"),
        ("2026-11-26", "../x-1"), ("2026-11-26", ""), ("", "-"), ("2026-1-26", "000000.000-1"),
    ])
    func whatIsNoNameIsNotReadAsOne(folder: String, stem: String) {
        #expect(PictureName(folder: folder, stem: stem) == nil)
    }

    @Test func everyDayOfFourHundredYearsComesBack() {
        for day in Int64(0)..<146_097 {
            #expect(CivilDate.day(of: CivilDate.text(ofDay: day)) == day)
        }
    }

    @Test func aNameFromOutsideStaysWithinItsYears() throws {
        let json = Data(#"{"arrival":{"milliseconds":-9000000000000000},"passage":1}"#.utf8)
        let name = try JSONDecoder().decode(PictureName.self, from: json)
        #expect(name.text == "1970-01-01/000000.000-1")
    }
}
