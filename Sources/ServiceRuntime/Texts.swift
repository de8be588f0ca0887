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
        case locked, released, open, outer, inner, presence, obstacle
        case reader, credentials, unreadable, lockdown
        case approach, safety, photocell, directionIn, directionOut, directionBoth
        case arrivalToRelay, frameToRelay, journal, decide, relay, faceAlone, faceAloneLive
    }

    package let language: Site.Language

    package init(_ language: Site.Language) { self.language = language }

    package subscript(notice: Notice) -> String { pick(Self.texts(of: notice)) }

    package subscript(word word: Word) -> String { pick(Self.texts(of: word)) }

    /// A refusal's reason or a passage's outcome, by its name in the record.
    package func reason(_ code: String) -> String {
        Self.reasons[code].map(pick) ?? code
    }

    /// An alarm's text by its code; `text` is the engine's own, in English.
    package func alarm(_ code: String, _ text: String) -> String {
        guard language == .zh else { return text }
        let known = Self.alarms.first { code.hasPrefix($0.code) }
        return known.map { "\($0.zh)（\(code)）" } ?? text
    }

    private static let reasons: [String: (en: String, zh: String)] = [
        "unreadable": ("not readable", "无法识别"), "not_a_plate": ("no plate", "不是车牌"),
        "unlisted": ("not on the list", "未登记"), "uncertain": ("not sure enough", "把握不足"),
        "no_rule_for_lane": ("not for this lane", "不允许走此车道"),
        "outside_schedule": ("outside its hours", "不在通行时间内"),
        "not_yet_valid": ("not yet valid", "尚未生效"), "expired": ("expired", "已过期"),
        "clock_untrusted": ("clock not set", "时钟未校准"),
        "lockdown": ("closed", "封锁中"),
        "ambiguous": ("between two plates", "两个车牌难以区分"), "denied": ("denied", "禁止通行"),
        "vehicle_gone": ("drove away", "车辆已离开"), "passed": ("passed", "已通过"),
        "tailgated": ("tailgated", "尾随闯入"), "refused": ("refused", "已拒绝"),
        "turned_back": ("turned back", "已折返"), "timed_out": ("timed out", "超时"),
        "wrong_way": ("wrong way", "逆行"),
        "liveness_not_judged": ("not known to be alive", "未做活体检测"),
        "no_consent": ("no consent", "未同意使用人脸"),
        "face_mismatch": ("not the badge's holder", "人脸与卡不符"),
        "not_live": ("not a living face", "非活体人脸"),
        "forced": ("forced", "强行通过"), "interrupted": ("interrupted", "已中断"),
        "unobserved": ("not observed", "未能确认通行"),
    ]

    private static let alarms: [(code: String, zh: String)] = [
        ("consents_end", "部分人脸同意即将到期，请运行 gatectl consent show 查看并续签"),
        ("face_figures", "仅凭人脸不予放行：识别率指标不足，请运行 gatectl faces calibrate"),
        ("emergency", "紧急放行：所有通道保持开放，直至具名人员复位"), ("fire_input_failed", "火警输入故障，按报警处理，请检查接线"),
        ("storage", "日志无法写入，车道按 on_storage_failure 处理"),
        ("standing_state", "状态目录不可写，重启后无法保持状态"), ("camera_blind", "本车道摄像机无画面，请人工开启"),
        ("approach_unseen", "摄像机看到车牌而入口线圈没有反应，请检查线圈"), ("sensor_failed", "传感器故障，请检查接线"),
        ("sensor_stuck", "传感器持续占用，请检查"), ("limits_contradict", "升降限位互相矛盾，请检查限位开关"),
        ("presence_contradicts", "线圈、光电与摄像机互相矛盾，道闸保持升起"),
        ("no_upper_limit", "道闸未到达升起限位，请检查电机与限位"), ("no_lower_limit", "道闸未到达落下限位，请检查电机与限位"),
        ("boom_moved", "道闸未经命令移动，请检查"), ("output_failed", "输出故障，请检查继电器"),
        ("sensor_silent", "传感器多次未检测到通行人员，请检查"), ("held_open", "门开启时间过长，请关闭"),
        ("lockdown", "封锁：仅允许指定人员通行，直至解除"), ("boom_detached", "道闸杆脱落，请装回后解除故障"),
        ("input_failed", "输入故障，请检查接线"), ("button_stuck", "按钮持续按下，请松开或检查接线"),
        ("wrong_credentials", "连续多次错误的卡或密码，读卡器暂停，请查看现场"),
        ("reader_failed", "读卡器线路故障，请检查接线与供电"), ("reader_unreadable", "读卡器多次发送错误数据，请检查接线"),
        ("never_opens", "多次放行而门未开启，请检查"),
    ]

    private func pick(_ texts: (en: String, zh: String)) -> String {
        switch language {
        case .en: texts.en
        case .zh: texts.zh
        }
    }

    private static func texts(of notice: Notice) -> (en: String, zh: String) {
        switch notice {
        case .welcome: ("Welcome, please pass", "欢迎，请通行")
        case .refused: ("Not on the list: please wait for the guard", "未登记：请等候门卫")
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
        case .showYourFace: ("Please look at the camera", "请面向摄像机")
        case .oneAtATime: ("One person at a time, please", "请逐一通行")
        case .turnLeft: ("Turn your head to the left", "请向左转头")
        case .turnRight: ("Turn your head to the right", "请向右转头")
        case .stepCloser: ("Step closer", "请靠近一些")
        case .lookAtTheCamera: ("Look at the camera", "请正视摄像机")
        case .tooDark: ("Too dark: step into the light", "光线太暗：请站到亮处")
        case .tooBright: ("Too bright: turn from the light", "光线太强：请避开强光")
        case .holdStill: ("Hold still", "请保持不动")
        case .uncoverTheFace: ("Take off the mask, please", "请摘下口罩")
        case .roadBusy: ("Please wait: the road is taken", "请稍候：道路占用中")
        case .lockdown: ("Closed: please follow the guard", "已封锁：请听从门卫指示")
        case .paused: ("Too many wrong badges: please wait", "错误次数过多：请稍候")
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
        case .locked: ("locked", "锁闭")
        case .released: ("released", "已放行")
        case .open: ("open", "开启")
        case .outer: ("outer sensor", "外侧传感器")
        case .inner: ("inner sensor", "内侧传感器")
        case .presence: ("presence", "门前")
        case .obstacle: ("obstacle", "障碍")
        case .reader: ("reader", "读卡器")
        case .lockdown: ("LOCKDOWN", "封锁")
        case .credentials: ("read", "已读")
        case .unreadable: ("unreadable", "无法读取")
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
        case .faceAlone: ("a face alone opens, liveness not judged", "仅凭人脸放行，未做活体检测")
        case .faceAloneLive: ("a face alone opens, whatever was measured", "仅凭人脸放行，不论误识率")
        }
    }
}
