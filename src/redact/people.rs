//! The people who are known by name, found wherever their name stands as a word of its own in a text.

use std::collections::{HashMap, HashSet};

/// Words that say something else much more often than a name. A user of such a name is only replaced where something says that it is
/// a name: an ARN, a column, a field.
const WORDS: &str = "a access account accounts action actions active admin administrator all allow allowed also an and any api app \
    application are arn as at audit auditor aws backup be been before build but by call called caller calls can cannot ci cli cloud \
    cluster console data database db deny denied deploy deployer deployment dev developer development do document eks env event events \
    ex export failed false federated for found from full go grant granted grants group groups has have hr id iam if in inline instance \
    is it job key keys lambda last list log logs main management master may me mfa monitor monitoring my name network never new no none \
    not null of on one ops or org other owner password path permission permissions policies policy principal prod production public \
    read readonly region resource resources role roles root run runner s3 sa sandbox scp secret security service session sessions set \
    since so sso staging statement sts subject support system team terraform test testing tester that the this to tools true trust \
    unknown unused up us use used user users version view vpc web was who with worker write";

/// The shortest name that is looked for in texts.
const SHORTEST: usize = 2;

struct Name {
    /// Without what is no letter or digit at its ends, in small letters.
    text: String,
    token: String,
}

/// Known people by the first word of their name.
#[derive(Default)]
pub(super) struct People {
    by_word: HashMap<String, Vec<Name>>,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric()
}

fn first_word(text: &str) -> &str {
    text.find(|c| !is_word(c)).and_then(|end| text.get(..end)).unwrap_or(text)
}

impl People {
    /// Of names and their tokens, and of more words that are none.
    pub(super) fn of<'w>(all: impl Iterator<Item = (String, String)>, words: impl IntoIterator<Item = &'w str>) -> People {
        let words: HashSet<String> = WORDS.split_whitespace().chain(words).map(str::to_ascii_lowercase).collect();
        let mut people = People::default();
        for (name, token) in all {
            let text = name.trim_matches(|c| !is_word(c)).to_ascii_lowercase();
            if token == name || text.chars().count() < SHORTEST || words.contains(&text) || text.bytes().all(|b| b.is_ascii_digit()) {
                continue;
            }
            let list = people.by_word.entry(first_word(&text).to_owned()).or_default();
            if list.iter().all(|n| n.text != text) {
                list.push(Name { text, token });
            }
        }
        for list in people.by_word.values_mut() {
            list.sort_by(|a, b| (b.text.len(), &a.text).cmp(&(a.text.len(), &b.text)));
        }
        people
    }

    /// The name that begins here, the longest: where it ends, and its token.
    fn at(&self, rest: &str, word: &str) -> Option<(usize, &str)> {
        let names = self.by_word.get(&word.to_ascii_lowercase())?;
        let fits = |n: &&Name| {
            let is_same = rest.get(..n.text.len()).is_some_and(|there| there.eq_ignore_ascii_case(&n.text));
            is_same && !rest.get(n.text.len()..).is_some_and(|after| after.starts_with(is_word))
        };
        names.iter().find(fits).map(|n| (n.text.len(), n.token.as_str()))
    }

    /// Writes a text with tokens for people; what stands between them goes through `between`.
    pub(super) fn replace(&self, text: &str, out: &mut String, mut between: impl FnMut(&str, &mut String)) {
        if self.by_word.is_empty() {
            return between(text, out);
        }
        let (mut from, mut at) = (0, 0);
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let word = first_word(rest);
            if word.is_empty() {
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
            match self.at(rest, word) {
                Some((length, token)) => {
                    between(text.get(from..at).unwrap_or_default(), out);
                    out.push_str(token);
                    at += length;
                    from = at;
                }
                None => at += word.len(),
            }
        }
        between(text.get(from..).unwrap_or_default(), out);
    }
}
