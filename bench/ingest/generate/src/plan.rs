//! Which files there are: how many events each has, of which account and region, delivered when.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use crate::dice::{Dice, Weighted, mix, of};
use crate::world::{REGIONS, World};
use crate::write::{base36, civil};

/// First moment of delivery: 2026-09-14T00:00:00Z.
const START: u64 = 1_789_344_000;
const HOURS: usize = 48;
/// How busy each hour of a day is.
const BY_HOUR: [u64; 24] = [5, 4, 4, 4, 5, 6, 8, 10, 13, 15, 16, 16, 15, 15, 16, 15, 14, 12, 10, 9, 8, 7, 6, 5];

/// A file to write.
pub struct File {
    /// Its place in time; what is in it depends on this.
    pub number: u64,
    /// Place of the account.
    pub account: usize,
    /// Place of the region.
    pub region: usize,
    /// Delivery, epoch seconds.
    pub delivered: u64,
    /// Records in it.
    pub events: u64,
}

/// All files, by time of delivery.
pub struct Plan {
    /// The files.
    pub files: Vec<File>,
    /// The file before with the same account and region: of it, a late copy is delivered again.
    before: Vec<Option<usize>>,
    /// The file of another account that has the callers' side of calls into this file's account.
    caller: Vec<Option<usize>>,
    /// The account that calls of this file go to, when they go to another one.
    called: Vec<usize>,
}

/// What a place in a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    /// A call inside the account.
    Own,
    /// A call into another account, and which one.
    Into(usize),
    /// The other side of a call: the file and the place that have the caller's.
    Of(usize, u64),
}

/// One place in so many is the caller's side, one the owner's side of a call between accounts.
const BETWEEN: u64 = 83;
/// One place in so many is delivered again.
const AGAIN: u64 = 1_000;

impl Plan {
    /// The plan for so many events in so many files.
    #[must_use]
    pub fn new(world: &World, events: u64, files: u64) -> Self {
        let mut files = sizes(events, files)
            .into_iter()
            .enumerate()
            .map(|(n, events)| {
                let mut dice = Dice::new(of(&[world.seed, 3, n as u64]));
                let account = world.weights.pick(dice.bits());
                let regions = &world.accounts[account].regions;
                let region = regions[Weighted::zipf(regions.len()).pick(dice.bits())];
                let hour = Weighted::new((0..HOURS).map(|h| BY_HOUR[h % 24])).pick(dice.bits()) as u64;
                File { number: n as u64, account, region, delivered: START + hour * 3_600 + dice.bits() % 3_600, events }
            })
            .collect::<Vec<_>>();
        files.sort_by_key(|f| (f.delivered, f.number));
        let mut last: HashMap<(usize, usize), usize> = HashMap::new();
        let before = files.iter().enumerate().map(|(at, f)| last.insert((f.account, f.region), at)).collect();
        let mut caller: Vec<Option<usize>> = vec![None; files.len()];
        let mut called: Vec<usize> = files.iter().map(|f| (f.account + 1) % world.accounts.len()).collect();
        for at in 0..files.len() {
            let other = |b: &usize| files[*b].account != files[at].account && files[*b].region == files[at].region;
            let found = (at.saturating_sub(60)..at).rev().find(|b| other(b) && !caller.contains(&Some(*b)));
            caller[at] = found;
            if let Some(found) = found {
                called[found] = files[at].account;
            }
        }
        for (at, file) in files.iter_mut().enumerate() {
            file.number = at as u64;
        }
        Self { files, before, caller, called }
    }

    /// The record that a place tells again, instead of one of its own.
    #[must_use]
    pub fn again(&self, seed: u64, file: usize, place: u64) -> Option<(usize, u64)> {
        let start = of(&[seed, 4, file as u64]);
        if !(place + start % AGAIN).is_multiple_of(AGAIN) {
            return None;
        }
        self.before[file].map(|from| (from, mix(start ^ place) % self.files[from].events))
    }

    /// What a place of a file tells, when it is no repetition.
    #[must_use]
    pub fn slot(&self, seed: u64, file: usize, place: u64) -> Slot {
        let start = of(&[seed, 7, file as u64]) % BETWEEN;
        match ((place + start) % BETWEEN, self.caller[file]) {
            (41, _) => Slot::Into(self.called[file]),
            (7, Some(from)) => {
                // The n-th such place here belongs to the n-th calling place there.
                let first = (41 + BETWEEN - of(&[seed, 7, from as u64]) % BETWEEN) % BETWEEN;
                let there = first + (place + start) / BETWEEN * BETWEEN;
                if there < self.files[from].events { Slot::Of(from, there) } else { Slot::Own }
            }
            _ => Slot::Own,
        }
    }

    /// How many events there are when each is counted once.
    #[must_use]
    pub fn distinct(&self, seed: u64) -> u64 {
        let (mut firsts, mut again) = (0, HashSet::new());
        for (at, file) in self.files.iter().enumerate() {
            for place in 0..file.events {
                match self.again(seed, at, place) {
                    Some(told) => drop(again.insert(told)),
                    None => firsts += 1,
                }
            }
        }
        // A record that is told only by its second delivery, because its own place tells another one.
        let unseen = again.iter().filter(|(f, p)| self.again(seed, *f, *p).is_some()).count();
        firsts + unseen as u64
    }

    /// Where a file lies below the folder, as CloudTrail names it.
    #[must_use]
    pub fn path(&self, world: &World, file: usize) -> String {
        let f = &self.files[file];
        let (account, region) = (&world.accounts[f.account].id, REGIONS[f.region]);
        let [y, m, d, hour, minute, _] = civil(f.delivered);
        let mut tail = Vec::new();
        base36(&mut tail, of(&[world.seed, 5, file as u64]), 16);
        let mut path = format!("AWSLogs/{account}/CloudTrail/{region}/{y}/{m:02}/{d:02}/{account}_CloudTrail_{region}_");
        let _ = write!(path, "{y}{m:02}{d:02}T{hour:02}{:02}Z_{}.json.gz", minute / 5 * 5, String::from_utf8_lossy(&tail));
        path
    }
}

/// Many small, few large: the n-th largest is like 1 / (n + files / 15)², so that the largest holds sixteen times the mean and the
/// median a quarter of it, whatever their number.
fn sizes(events: u64, files: u64) -> Vec<u64> {
    let files = files.clamp(1, events.max(1));
    let weights: Vec<u128> = (0..files).map(|n| (1u128 << 100) / u128::from(15 * n + files + 1).pow(2)).collect();
    let total: u128 = weights.iter().sum();
    let spare = events.saturating_sub(files);
    let mut sizes: Vec<u64> =
        weights.iter().map(|w| 1 + u64::try_from(u128::from(spare) * (w >> 20) / (total >> 20)).unwrap_or(0)).collect();
    let mut left = events.saturating_sub(sizes.iter().sum());
    for size in sizes.iter_mut().rev() {
        if left == 0 {
            break;
        }
        *size += 1;
        left -= 1;
    }
    sizes
}
