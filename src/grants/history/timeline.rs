//! One slot of an account's grants through time: an inline policy, an attachment, a membership, a boundary, a trust.
//!
//! Every change tells what held after it, and some tell what held before. Between two changes both must agree, and
//! the export is one more witness; what no witness tells, or what two tell differently, is not known.

/// How long a change may take until every service acts on it: calls within this time after it are not decided by it.
/// IAM User Guide, "Changes that I make are not always immediately visible", names no bound; two minutes is
/// our choice.
pub const SETTLE_MS: i64 = 120_000;

/// What a witness tells of a slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Info<T> {
    /// Nothing.
    Any,
    /// It was empty.
    Absent,
    /// It was filled; with what, where that is told.
    Present(Option<T>),
}

impl<T: Clone + PartialEq> Info<T> {
    /// Whether nothing is left to ask.
    pub fn is_known(&self) -> bool {
        matches!(self, Info::Absent | Info::Present(Some(_)))
    }

    /// What both tell; `None` where they contradict each other.
    fn meet(&self, other: &Info<T>) -> Option<Info<T>> {
        match (self, other) {
            (Info::Any, told) | (told, Info::Any) => Some(told.clone()),
            (Info::Absent, Info::Absent) => Some(Info::Absent),
            (Info::Present(None), Info::Present(what)) | (Info::Present(what), Info::Present(None)) => Some(Info::Present(what.clone())),
            (Info::Present(one), Info::Present(two)) if one == two => Some(self.clone()),
            _ => None,
        }
    }
}

/// One change of a slot.
#[derive(Clone, Debug)]
pub struct Step<T> {
    /// When, epoch ms.
    pub at_ms: i64,
    /// What it tells of the time before.
    pub before: Info<T>,
    /// What held after it.
    pub after: Info<T>,
    /// Whether it made the owner: it comes before other changes of the same moment.
    pub is_making: bool,
}

/// A slot through time.
#[derive(Clone, Debug)]
pub struct Timeline<T> {
    /// Start and content, in order; the first starts at the beginning of time. A content is known or [`Info::Any`].
    segments: Vec<(i64, Info<T>)>,
    /// Before this nothing is known of a slot that changed.
    known_from_ms: i64,
    /// When the owner was made: before it there was nothing that could still act a little later.
    made_ms: i64,
    /// From when on log and export contradict each other.
    pub stale_from_ms: Option<i64>,
}

impl<T: Clone + PartialEq> Timeline<T> {
    /// A slot from its changes, in order of time, and what the export says. `exported_ms`: when the export was made;
    /// `None` takes it for younger than every change.
    pub fn new(steps: &[Step<T>], exported: &Info<T>, exported_ms: Option<i64>, known_from_ms: i64) -> Timeline<T> {
        let mut segments = Vec::new();
        let mut stale_from_ms = None;
        let mut start = i64::MIN;
        let mut left = vec![Info::Any];
        let groups: Vec<&[Step<T>]> = steps.chunk_by(|a, b| a.at_ms == b.at_ms && a.is_making == b.is_making).collect();
        for at in 0..=groups.len() {
            let next = groups.get(at).and_then(|g| g.first().map(|s| (g, s.at_ms)));
            let end = next.map_or(i64::MAX, |(_, t)| t);
            let right = next.map_or(Info::Any, |(group, _)| same(group.iter().map(|s| &s.before)));
            let is_exported = exported_ms.map_or(next.is_none(), |t| start <= t && t < end);
            let nothing = Info::Any;
            let seen = if is_exported { exported } else { &nothing };
            let told: Vec<Info<T>> = left.iter().filter_map(|l| l.meet(&right)?.meet(seen)).collect();
            if told.is_empty() && is_exported && left.iter().any(|l| l.meet(&right).is_some()) {
                stale_from_ms = Some(start);
            }
            let one = if told.is_empty() { Info::Any } else { same(told.iter()) };
            segments.push((start, if one.is_known() { one } else { Info::Any }));
            if let Some((group, at_ms)) = next {
                start = at_ms;
                // Of several changes in one moment each may have been the last; all but the first saw another's result.
                left = group.iter().map(|s| s.after.clone()).collect();
            }
        }
        let made_ms = steps.iter().filter(|s| s.is_making).map(|s| s.at_ms).max().unwrap_or(i64::MIN);
        Timeline { segments, known_from_ms, made_ms, stale_from_ms }
    }

    /// Whether it never changed.
    pub fn is_constant(&self) -> bool {
        self.segments.len() <= 1
    }

    /// The parts that lasted: start, end, content.
    fn lasting(&self) -> impl Iterator<Item = (i64, i64, &Info<T>)> {
        let ends = self.segments.iter().skip(1).map(|s| s.0).chain([i64::MAX]);
        self.segments.iter().zip(ends).map(|((start, what), end)| (*start, end, what)).filter(|(start, end, _)| start < end)
    }

    /// What held at a moment, where nothing had changed shortly before.
    pub fn at(&self, ms: i64) -> Info<T> {
        if ms < self.known_from_ms && !self.is_constant() {
            return Info::Any;
        }
        let since = ms.saturating_sub(SETTLE_MS);
        let since = if ms >= self.made_ms { since.max(self.made_ms) } else { since };
        let begun = self.segments.partition_point(|(start, _)| *start <= ms);
        let mut end = self.segments.get(begun).map_or(i64::MAX, |s| s.0);
        let mut told: Option<&Info<T>> = None;
        for (start, what) in self.segments.iter().take(begun).rev() {
            if *start < end {
                if end <= since {
                    break;
                }
                match told {
                    Some(other) if other != what => return Info::Any,
                    _ => told = Some(what),
                }
            }
            end = *start;
        }
        told.cloned().unwrap_or(Info::Any)
    }

    /// Everything that it ever held.
    pub fn contents(&self) -> impl Iterator<Item = &Info<T>> {
        self.segments.iter().map(|s| &s.1)
    }

    /// Every change that is not surely none: when, what held before and after.
    pub fn changes(&self) -> impl Iterator<Item = (i64, &Info<T>, &Info<T>)> {
        let parts: Vec<(i64, &Info<T>)> = self.lasting().map(|(start, _, what)| (start, what)).collect();
        let pairs: Vec<_> = parts.windows(2).filter_map(|w| Some((w.get(1)?.0, w.first()?.1, w.get(1)?.1))).collect();
        pairs.into_iter().filter(|(_, before, after)| before != after || !after.is_known())
    }

    /// When it last changed.
    pub fn last_change_ms(&self) -> Option<i64> {
        self.changes().map(|c| c.0).max()
    }

    /// The moments at which [`Timeline::at`] may answer differently.
    pub fn cuts(&self) -> Vec<i64> {
        let mut cuts: Vec<i64> = self.changes().flat_map(|(at, _, _)| [at, at.saturating_add(SETTLE_MS)]).collect();
        if !self.is_constant() && self.known_from_ms > i64::MIN {
            cuts.push(self.known_from_ms);
        }
        cuts
    }
}

/// What all tell alike, else nothing.
fn same<'a, T: Clone + PartialEq + 'a>(all: impl Iterator<Item = &'a Info<T>>) -> Info<T> {
    let mut all = all.peekable();
    let Some(first) = all.peek().map(|f| (*f).clone()) else { return Info::Any };
    if all.all(|other| *other == first) { first } else { Info::Any }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: i64 = 60_000;

    fn put(at: i64, what: Option<u8>) -> Step<u8> {
        Step { at_ms: at * MIN, before: Info::Any, after: Info::Present(what), is_making: false }
    }

    fn delete(at: i64) -> Step<u8> {
        Step { at_ms: at * MIN, before: Info::Present(None), after: Info::Absent, is_making: false }
    }

    fn make(at: i64) -> Step<u8> {
        Step { at_ms: at * MIN, before: Info::Absent, after: Info::Absent, is_making: true }
    }

    fn line(steps: &[Step<u8>], exported: Info<u8>) -> Timeline<u8> {
        Timeline::new(steps, &exported, None, i64::MIN)
    }

    fn at(line: &Timeline<u8>, minute: i64) -> Option<Option<u8>> {
        match line.at(minute * MIN) {
            Info::Any | Info::Present(None) => None,
            Info::Absent => Some(None),
            Info::Present(what) => Some(what),
        }
    }

    #[test]
    fn what_was_put_holds_until_the_next_change() {
        let slot = line(&[put(10, Some(1)), put(20, Some(2)), delete(30)], Info::Absent);
        let held: Vec<_> = [5, 15, 25, 35].iter().map(|m| at(&slot, *m)).collect();
        assert_eq!(held, [None, Some(Some(1)), Some(Some(2)), Some(None)]);
        // Two minutes after a change it may not act everywhere yet.
        assert_eq!((at(&slot, 11), at(&slot, 12), at(&slot, 21)), (None, Some(Some(1)), None));
        assert_eq!(slot.last_change_ms(), Some(30 * MIN));
        let again = line(&[put(10, Some(1)), put(20, Some(1))], Info::Present(Some(1)));
        assert_eq!((at(&again, 20), again.last_change_ms()), (Some(Some(1)), Some(10 * MIN)), "put again, the same");
        let made = line(&[make(10), put(10, Some(1))], Info::Present(Some(1)));
        assert_eq!((at(&made, 5), at(&made, 10)), (Some(None), Some(Some(1))), "made and filled in one moment");
        let later = line(&[make(10), put(11, Some(1))], Info::Present(Some(1)));
        assert_eq!((at(&later, 10), at(&later, 11), at(&later, 13)), (Some(None), None, Some(Some(1))));
    }

    #[test]
    fn witnesses_that_disagree_tell_nothing() {
        let lost = line(&[delete(10), delete(20)], Info::Absent);
        assert_eq!((at(&lost, 15), at(&lost, 25), lost.stale_from_ms), (None, Some(None), None), "a Put between them is missing");
        let old = line(&[put(10, Some(1)), put(20, Some(2))], Info::Present(Some(1)));
        assert_eq!((at(&old, 15), at(&old, 25), old.stale_from_ms), (Some(Some(1)), None, Some(20 * MIN)));
        let hidden = line(&[put(10, None)], Info::Present(Some(3)));
        assert_eq!((at(&hidden, 15), hidden.stale_from_ms), (Some(Some(3)), None), "the export tells what the log does not");
        assert_eq!(line(&[put(10, None)], Info::Absent).stale_from_ms, Some(10 * MIN));
        let moment = [put(10, Some(1)), put(10, Some(2))];
        assert_eq!(at(&line(&moment, Info::Present(Some(2))), 15), Some(Some(2)), "the export tells which was last");
        assert_eq!(at(&line(&[put(10, Some(1)), put(10, Some(2)), put(20, Some(3))], Info::Any), 15), None);
    }

    #[test]
    fn an_export_stands_where_it_was_made() {
        let steps = [put(10, Some(1)), put(20, Some(2))];
        let slot = Timeline::new(&steps, &Info::Present(Some(1)), Some(15 * MIN), i64::MIN);
        assert_eq!((at(&slot, 15), at(&slot, 25), slot.stale_from_ms), (Some(Some(1)), Some(Some(2)), None));
        let before = Timeline::new(&steps, &Info::Present(Some(7)), Some(5 * MIN), i64::MIN);
        assert_eq!((at(&before, 5), at(&before, 15)), (Some(Some(7)), Some(Some(1))));
        let late = Timeline::new(&steps, &Info::Present(Some(2)), None, 15 * MIN);
        assert_eq!((at(&late, 13), at(&late, 16), at(&late, 25)), (None, Some(Some(1)), Some(Some(2))));
    }
}
