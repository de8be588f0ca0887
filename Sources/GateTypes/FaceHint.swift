/// What a person can do so that a camera recognises them.
package enum FaceHint: String, Hashable, Sendable, Codable, CaseIterable {
    case stepCloser = "step_closer"
    case lookAtTheCamera = "look_at_the_camera"
    case tooDark = "too_dark"
    case tooBright = "too_bright"
    case holdStill = "hold_still"
    case uncoverTheFace = "uncover_the_face"
}
