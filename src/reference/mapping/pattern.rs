//! ARN patterns of resource types, cut at their variables: matching, reading the variables back, filling them in.

use super::CallFacts;
use crate::aws::{Arn, partition_of_region};

/// A piece of the resource part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// Place among the type's variables.
    Variable(usize),
}

/// An ARN pattern such as `arn:${Partition}:rds:${Region}:${Account}:db:${DbInstanceName}`.
#[derive(Debug, Clone)]
pub struct ArnPattern {
    service: String,
    region: String,
    account: String,
    /// Which of service, region and account stand for any text.
    open: [bool; 3],
    pieces: Vec<Piece>,
}

/// Whether a part of the head stands for any text: a variable, or `*`.
fn is_open(part: &str) -> bool {
    part == "*" || part.contains("${")
}

/// A part of the head with what the call tells; what it does not tell is `*`.
fn filled_part<'p>(part: &'p str, variable: &str, value: &'p str) -> &'p str {
    match part {
        p if (p == variable || (variable == "${Account}" && p == "${AccountId}")) && !value.is_empty() => value,
        p if is_open(p) => "*",
        p => p,
    }
}

impl ArnPattern {
    /// Cuts a pattern; `variables` gets the names that it uses and does not hold yet.
    #[must_use]
    pub fn parse(text: &str, variables: &mut Vec<String>) -> Option<ArnPattern> {
        let arn = Arn::parse(text)?;
        let mut pieces = Vec::new();
        // A `*` in a pattern is a variable that has no name.
        let resource = arn.resource.replace('*', "${*}");
        let mut rest = resource.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let (name, tail) = after.split_once('}').unwrap_or((after, ""));
            let at = variables.iter().position(|v| v == name).unwrap_or_else(|| {
                variables.push(name.to_owned());
                variables.len() - 1
            });
            pieces.push(Piece::Variable(at));
            rest = tail;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        let open = [arn.service, arn.region, arn.account].map(is_open);
        Some(ArnPattern { service: arn.service.to_owned(), region: arn.region.to_owned(), account: arn.account.to_owned(), open, pieces })
    }

    /// The variables of the resource part, in order.
    pub fn variables(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        self.pieces.iter().filter_map(|p| match p {
            Piece::Variable(at) => Some(*at),
            Piece::Text(_) => None,
        })
    }

    /// Whether an ARN is one of this pattern.
    #[must_use]
    pub fn matches(&self, arn: &Arn<'_>) -> bool {
        self.head_matches(arn) && fits(&self.pieces, arn.resource)
    }

    /// What stands in the variables of an ARN of this pattern: (variable, text), in order.
    #[must_use]
    pub fn read<'t>(&self, arn: &Arn<'t>) -> Option<Vec<(usize, &'t str)>> {
        let mut found = Vec::new();
        (self.head_matches(arn) && capture(&self.pieces, arn.resource, &mut found)).then_some(found)
    }

    /// Whether this pattern's ARNs, whatever stands in its variables, are all of the other pattern too, and not the other
    /// way round.
    #[must_use]
    pub fn is_part_of(&self, other: &ArnPattern) -> bool {
        let one_of_mine = |p: &ArnPattern| -> String {
            p.pieces.iter().map(|piece| if let Piece::Text(text) = piece { text.as_str() } else { "x" }).collect()
        };
        let heads = |a: &ArnPattern, b: &ArnPattern| {
            a.service == b.service && a.region.is_empty() == b.region.is_empty() && a.account.is_empty() == b.account.is_empty()
        };
        heads(self, other)
            && fits(&other.pieces, &one_of_mine(self))
            && !fits(&self.pieces, &one_of_mine(other))
    }

    fn head_matches(&self, arn: &Arn<'_>) -> bool {
        let [service, region, account] = self.open;
        (service || self.service == arn.service) && (region || self.region == arn.region) && (account || self.account == arn.account)
    }

    /// The ARN with partition, region and account of the call and each variable as told by `value`.
    #[must_use]
    pub fn fill<'v>(&self, call: &CallFacts<'_>, account: &str, value: impl Fn(usize) -> &'v str) -> String {
        let region = filled_part(&self.region, "${Region}", call.region);
        let account = filled_part(&self.account, "${Account}", account);
        let mut out = format!("arn:{}:{}:{region}:{account}:", partition_of_region(call.region), self.service);
        let mut before = "";
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable(at) => out.push_str(without_twice(before, value(*at))),
            }
            before = if let Piece::Text(text) = piece { text } else { "" };
        }
        out
    }
}

/// A value without the start of an id that the pattern writes itself: `ou-${Id}` and `ou-ab12-x`.
fn without_twice<'v>(before: &str, value: &'v str) -> &'v str {
    let start = before.rsplit(['/', ':']).next().unwrap_or("");
    if start.ends_with('-') { value.strip_prefix(start).unwrap_or(value) } else { value }
}

/// Whether a resource part fits the pieces, as [`capture`] has it.
fn fits(pieces: &[Piece], text: &str) -> bool {
    match pieces {
        [] => text.is_empty(),
        [Piece::Text(own), rest @ ..] => text.strip_prefix(own.as_str()).is_some_and(|t| fits(rest, t)),
        [Piece::Variable(_)] => !text.is_empty(),
        [Piece::Variable(_), Piece::Text(own), rest @ ..] => {
            // At least one character stands in the variable; the next piece begins where its text is found.
            let Some(first) = text.chars().next() else { return false };
            let mut start = first.len_utf8();
            while let Some(tail) = text.get(start..) {
                let Some(at) = find(tail, own) else { return false };
                if tail.get(at + own.len()..).is_some_and(|behind| fits(rest, behind)) {
                    return true;
                }
                // Behind the first character of what was found.
                start += at + tail.get(at..).and_then(|found| found.chars().next()).map_or(1, char::len_utf8);
            }
            false
        }
        [Piece::Variable(_), rest @ ..] => text.char_indices().skip(1).any(|(end, _)| text.get(end..).is_some_and(|tail| fits(rest, tail))),
    }
}

/// Where a text is found in another.
fn find(text: &str, own: &str) -> Option<usize> {
    match own.as_bytes() {
        [byte] => memchr::memchr(*byte, text.as_bytes()),
        _ => text.find(own),
    }
}

/// Fits a resource part to the pieces; variables hold at least one character, earlier ones as few as possible.
fn capture<'t>(pieces: &[Piece], text: &'t str, found: &mut Vec<(usize, &'t str)>) -> bool {
    match pieces.split_first() {
        None => text.is_empty(),
        Some((Piece::Text(own), rest)) => text.strip_prefix(own.as_str()).is_some_and(|t| capture(rest, t, found)),
        Some((Piece::Variable(at), [])) => {
            found.push((*at, text));
            !text.is_empty()
        }
        Some((Piece::Variable(at), rest)) => text.char_indices().skip(1).any(|(end, _)| {
            let Some((value, tail)) = text.split_at_checked(end) else { return false };
            let kept = found.len();
            found.push((*at, value));
            let fits = capture(rest, tail, found);
            if !fits {
                found.truncate(kept);
            }
            fits
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::mapping::tests::a_call;

    #[test]
    fn variables_are_read_and_filled() {
        let mut variables = Vec::new();
        let pattern = ArnPattern::parse("arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:log-stream:${LogStreamName}", &mut variables).unwrap();
        assert_eq!(variables, ["LogGroupName", "LogStreamName"]);
        let arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/a:b:log-stream:s/1";
        assert_eq!(pattern.read(&Arn::parse(arn).unwrap()).unwrap(), [(0, "/a:b"), (1, "s/1")]);
        assert_eq!(pattern.fill(&a_call(), "111122223333", |v| if v == 0 { "/a:b" } else { "s/1" }), arn);
        assert!(!pattern.matches(&Arn::parse("arn:aws:logs:eu-west-1:111122223333:log-group:/a").unwrap()));
        assert!(!pattern.matches(&Arn::parse("arn:aws:sns:eu-west-1:111122223333:log-group:/a:log-stream:s").unwrap()));
    }

    proptest::proptest! {
        #[test]
        fn what_fits_can_be_read(
            pieces in proptest::collection::vec(proptest::sample::select(vec!["", "/", ":", "/b/", "a", "é"]), 0..6),
            text in proptest::collection::vec(proptest::sample::select(vec!["a", "/", ":", "/b/", "b", "é", "ab"]), 0..8),
        ) {
            let pieces: Vec<Piece> = pieces.iter().enumerate().map(|(at, own)| if own.is_empty() { Piece::Variable(at) } else { Piece::Text((*own).to_owned()) }).collect();
            let text = text.concat();
            proptest::prop_assert_eq!(fits(&pieces, &text), capture(&pieces, &text, &mut Vec::new()), "{:?} {}", pieces, text);
        }
    }

    #[test]
    fn the_start_of_an_id_is_written_once() {
        let mut variables = Vec::new();
        let unit = ArnPattern::parse("arn:${Partition}:organizations::${Account}:ou/o-${OrganizationId}/ou-${OrganizationalUnitId}", &mut variables).unwrap();
        let arn = unit.fill(&a_call(), "1", |v| if v == 0 { "*" } else { "ou-ab12-x" });
        assert_eq!(arn, "arn:aws:organizations::1:ou/o-*/ou-ab12-x");
    }

    #[test]
    fn the_head_keeps_empty_parts_and_opens_unknown_ones() {
        let mut variables = Vec::new();
        let bucket = ArnPattern::parse("arn:${Partition}:s3:::${BucketName}", &mut variables).unwrap();
        assert_eq!(bucket.fill(&a_call(), "1", |_| "b"), "arn:aws:s3:::b");
        let member = ArnPattern::parse("arn:${Partition}:account::${ManagementAccountId}:account/o-${OrganizationId}/${MemberAccountId}", &mut variables).unwrap();
        assert_eq!(member.fill(&a_call(), "1", |_| "*"), "arn:aws:account::*:account/o-*/*");
        let nowhere = CallFacts { region: "", ..a_call() };
        let queue = ArnPattern::parse("arn:${Partition}:sqs:${Region}:${Account}:${QueueName}", &mut variables).unwrap();
        assert_eq!(queue.fill(&nowhere, "", |_| "q"), "arn:aws:sqs:*:*:q");
    }
}
