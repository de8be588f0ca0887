import FaceMatching
import Glibc

/// What is known of how surely a site's faces are told apart, and whether it bears a face alone.
package struct FaceFigures: Sendable {
    /// Templates that were enrolled after the site's calibration, as a share of all, at most.
    private static let unmeasuredLargest = 0.1
    /// People with enough photographs to say how many are not recognised.
    private static let genuineLeast = 100

    /// How rare each likeness is: the site's own table where there is one, the network's beyond it.
    package let table: FaceCalibration?
    private let card: FaceCard?
    private let site: SiteCalibration?
    private let peopleCount: Int
    private let unmeasured: Int
    private let templateCount: Int

    /// - Parameters:
    ///   - site: the site's calibration with this very embedder.
    ///   - templates: the templates that are compared with; nil where they cannot be looked at.
    package init(
        network: FaceCalibration?, card: FaceCard?, site: SiteCalibration?,
        templates: [TemplateRecord]?
    ) {
        self.card = card
        self.site = site
        table = site.map { $0.calibration.extended(by: network) } ?? network
        let measured = Set(site?.templates ?? [])
        templateCount = templates?.count ?? measured.count
        unmeasured = templates?.count { !measured.contains($0.number) } ?? 0
        peopleCount =
            templates.map { Set($0.map(\.binding.person)).count } ?? site?.peopleCount ?? 0
    }

    /// Why the figures do not bear a face alone at this false match rate; nil when they do.
    package func objection(at rate: Double) -> String? {
        let byCard =
            card.map { $0.objection(at: rate, people: peopleCount) }
            ?? "the network's card does not say how surely it tells people apart"
        guard let byCard else { return nil }
        guard let site else { return byCard + ", and the site has not calibrated" }
        return objection(to: site, at: rate).map { byCard + ", and \($0)" }
    }

    private func objection(to site: SiteCalibration, at rate: Double) -> String? {
        guard rate <= FaceCard.falseMatchLargest else {
            return "false_match_rate is above \(FaceCard.share(FaceCard.falseMatchLargest))"
        }
        guard Double(unmeasured) <= Self.unmeasuredLargest * Double(templateCount) else {
            return "\(unmeasured) of \(templateCount) templates are newer than the site's "
                + "calibration"
        }
        let needed = FaceCalibration.pairRate(forOneIn: rate, people: peopleCount)
        guard let threshold = table?.threshold(for: needed) else {
            return "no likeness as rare as one pair in \(Int(1 / needed)) was measured"
        }
        // Each person once in the place of a stranger: people are the trials, not pairs.
        let taken = site.nearestOthers.count { $0 >= threshold }
        let bound = FaceCalibration.upperBound(errors: taken, trials: site.nearestOthers.count)
        guard bound <= rate else {
            let least = Int((log(0.05) / log(1 - rate)).rounded(.up))
            return "at the site \(taken) of \(site.nearestOthers.count) people would be taken for "
                + "another, which bounds false matches at \(FaceCard.share(bound)) (it takes "
                + "\(least) people and none)"
        }
        guard site.genuine.count >= Self.genuineLeast else {
            return "only \(site.genuine.count) templates have two others of their owner to compare "
                + "with, \(Self.genuineLeast) are needed"
        }
        let missed = site.genuine.count { $0 < threshold }
        let share = Double(missed) / Double(site.genuine.count)
        guard share < FaceCard.falseNonMatchLargest else {
            return "at the site \(FaceCard.share(share)) of enrolled pictures are not recognised, "
                + "less than \(FaceCard.share(FaceCard.falseNonMatchLargest)) are asked for"
        }
        return nil
    }
}
