/// What the lamp and the beeper of a reader tell whoever has just used it.
package enum ReaderSignal: String, Hashable, Sendable, CaseIterable {
    case granted
    case refused
    /// Nothing is looked at for a while, after too many wrong credentials.
    case paused
    /// The reader told something that is no credential; the person may try again.
    case unreadable
}
