import GateConfiguration
import GateEngine

/// Everything that a guard or driver reads, by the site's language, in one table.
package struct Texts: Sendable {
    /// Words of displays beside the notices.
    package enum Word: CaseIterable, Sendable {
        case lane, boom, occupied, plate, decision, camera, alarms, lastPlates, latencies, count
        case admitted, refused, emergency, noEmergency, eyesGone, eyesThere, storageFails
        case storageWorks, seeing, blind, quitHint, time, longest, simulated
        case up, down, rising, lowering, between, unknown
        case approach, safety, photocell, directionIn, directionOut, directionBoth
        case arrivalToRelay, frameToRelay, journal, decide, relay
    }

    package let language: Site.Language

    package init(_ language: Site.Language) { self.language = language }

    package subscript(notice: Notice) -> String { pick(Self.texts(of: notice)) }

    package subscript(word: Word) -> String { pick(Self.texts(of: word)) }

    private func pick(_ texts: (en: String, zh: String)) -> String {
        switch language {
        case .en: texts.en
        case .zh: texts.zh
        }
    }

    private static func texts(of notice: Notice) -> (en: String, zh: String) {
        switch notice {
        case .welcome: ("Welcome, drive on", "欢迎，请通行")
        case .refused: ("Not on the list: please wait for the guard", "未登记车辆：请等候门卫")
        case .ambiguous: ("Plate not clear between two: guard decides", "车牌无法区分：请门卫确认")
        case .denied: ("Entry denied", "禁止通行")
        case .unreadable: ("Plate not readable: guard decides", "车牌无法识别：请门卫确认")
        case .tooLate: ("Too slow to read: reading on", "识别超时：继续识别")
        case .askGuard: ("Please wait for the guard", "请等候门卫")
        case .storageFailed: ("Record not possible: guard decides", "无法记录：请门卫确认")
        case .opening: ("Opening", "正在开启")
        case .closing: ("Closing, keep clear", "正在关闭，请勿靠近")
        case .fault: ("Out of order: guard decides", "设备故障：请门卫处理")
        case .emergency: ("Emergency: way is free", "紧急放行：通道已开")
        case .ready: ("Ready", "就绪")
        }
    }

    private static func texts(of word: Word) -> (en: String, zh: String) {
        switch word {
        case .lane: ("lane", "车道")
        case .boom: ("boom", "道闸")
        case .occupied: ("occupied", "占用")
        case .plate: ("plate", "车牌")
        case .decision: ("notice", "提示")
        case .camera: ("camera", "摄像机")
        case .alarms: ("alarms", "告警")
        case .lastPlates: ("last plates", "最近车牌")
        case .latencies: ("milliseconds", "毫秒")
        case .count: ("count", "次数")
        case .admitted: ("admitted", "放行")
        case .refused: ("refused", "拒绝")
        case .emergency: ("EMERGENCY", "紧急状态")
        case .noEmergency: ("no emergency", "无紧急状态")
        case .eyesGone: ("eyes: gone", "视觉：离线")
        case .eyesThere: ("eyes: seeing", "视觉：在线")
        case .storageFails: ("journal fails", "日志故障")
        case .storageWorks: ("journal works", "日志正常")
        case .seeing: ("seeing", "正常")
        case .blind: ("blind", "失明")
        case .quitHint: ("Ctrl-C ends the view; the gate goes on", "按 Ctrl-C 退出查看，门岗照常运行")
        case .time: ("time", "时间")
        case .longest: ("longest", "最长")
        case .simulated: ("simulated", "模拟")
        case .up: ("up", "升起")
        case .down: ("down", "落下")
        case .rising: ("rising", "上升中")
        case .lowering: ("lowering", "下降中")
        case .between: ("between", "中间")
        case .unknown: ("unknown", "未知")
        case .approach: ("approach", "入口线圈")
        case .safety: ("safety loop", "安全线圈")
        case .photocell: ("photocell", "光电")
        case .directionIn: ("in", "进")
        case .directionOut: ("out", "出")
        case .directionBoth: ("both", "双向")
        case .arrivalToRelay: ("arrival to relay", "到达至继电器")
        case .frameToRelay: ("frame to relay", "画面至继电器")
        case .journal: ("journal", "记录")
        case .decide: ("decide", "判定")
        case .relay: ("relay", "继电器")
        }
    }
}
