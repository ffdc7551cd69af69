//! Who there is: accounts, their regions, roles and users, and what each of them calls.

use crate::dice::{Dice, Weighted, mix, of};
use crate::operations::{Operation, operations};
use crate::write::{base32, hex};

/// Regions, the one of global services first.
pub const REGIONS: [&str; 6] = ["us-east-1", "eu-central-1", "eu-west-1", "us-west-2", "ap-southeast-2", "sa-east-1"];
/// Teams, in names of everything.
pub const TEAMS: [&str; 24] = [
    "orders", "billing", "search", "catalog", "payments", "identity", "shipping", "pricing", "reports", "ledger", "media", "alerts", "metrics",
    "gateway", "imports", "exports", "loyalty", "fraud", "content", "support", "mobile", "risk", "partner", "platform",
];
/// Stages.
pub const STAGES: [&str; 4] = ["prod", "staging", "test", "dev"];
/// Things that teams have.
pub const NOUNS: [&str; 20] = [
    "events", "archive", "uploads", "raw", "curated", "assets", "backups", "sessions", "users", "items", "jobs", "index", "cache", "documents",
    "images", "invoices", "snapshots", "features", "audit", "state",
];
const ACCOUNTS: usize = 20;

/// What runs as a principal: how its sessions are named and where its calls come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A function's role.
    Lambda,
    /// An instance profile's role.
    Instance,
    /// A task's role.
    Task,
    /// A service account of a cluster, by OIDC.
    Pod,
    /// A pipeline outside AWS, by OIDC.
    Pipeline,
    /// A program that assumes a role.
    Program,
    /// People, by Identity Center.
    People,
    /// A service-linked role.
    Service,
    /// An IAM user.
    User,
}

/// A role or a user.
pub struct Principal {
    /// What runs as it.
    pub kind: Kind,
    /// Its number among all, mixed.
    pub hash: u64,
    /// `AROA…` or `AIDA…`.
    pub id: String,
    /// Name without path.
    pub name: String,
    /// ARN with path.
    pub arn: String,
    /// Sessions at a time.
    pub sessions: usize,
    /// Places of its operations.
    pub calls: Vec<usize>,
    /// Which of them it calls how often.
    pub weights: Weighted,
}

/// An account.
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Places of its regions, the busiest first.
    pub regions: Vec<usize>,
    /// Roles and users, the busiest first.
    pub principals: Vec<Principal>,
    /// Which of them calls how often.
    pub weights: Weighted,
}

/// Everybody.
pub struct World {
    /// The seed.
    pub seed: u64,
    /// What can be called.
    pub operations: Vec<Operation>,
    /// Accounts, the busiest first.
    pub accounts: Vec<Account>,
    /// Which account calls how often.
    pub weights: Weighted,
    /// Zipf over 12, 60 and 400 things.
    pub few: Weighted,
    /// Over 60.
    pub some: Weighted,
    /// Over 400.
    pub many: Weighted,
}

fn text(make: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    make(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

impl World {
    /// The world of a seed.
    ///
    /// # Errors
    /// When the list of operations cannot be read.
    pub fn new(seed: u64) -> Result<Self, String> {
        let operations = operations()?;
        let accounts = (0..ACCOUNTS).map(|n| account(seed, n, &operations)).collect();
        Ok(Self {
            seed,
            operations,
            accounts,
            weights: Weighted::zipf(ACCOUNTS),
            few: Weighted::zipf(12),
            some: Weighted::zipf(60),
            many: Weighted::zipf(400),
        })
    }
}

fn account(seed: u64, n: usize, operations: &[Operation]) -> Account {
    let mut dice = Dice::new(of(&[seed, 1, n as u64]));
    let id = format!("{:012}", 100_000_000_000 + dice.bits() % 899_999_999_999);
    let mut regions = vec![0];
    while regions.len() < 2 + n % 4 {
        let region = dice.below(REGIONS.len());
        if !regions.contains(&region) {
            regions.push(region);
        }
    }
    // Half of the accounts work elsewhere, and have only global services in us-east-1.
    regions.rotate_left(n % 2);
    let count = 40 + 360 / (n + 1);
    let principals: Vec<Principal> = (0..count).map(|p| principal(&id, of(&[seed, 2, n as u64, p as u64]), operations)).collect();
    Account { id, regions, weights: Weighted::zipf(principals.len()), principals }
}

fn principal(account: &str, hash: u64, operations: &[Operation]) -> Principal {
    let mut dice = Dice::new(hash);
    let kind = match dice.below(100) {
        0..26 => Kind::Lambda,
        26..38 => Kind::Instance,
        38..54 => Kind::Task,
        54..62 => Kind::Pod,
        62..69 => Kind::Pipeline,
        69..77 => Kind::Program,
        77..86 => Kind::People,
        86..93 => Kind::Service,
        _ => Kind::User,
    };
    let (team, stage, noun) = (*dice.one(&TEAMS), *dice.one(&STAGES), *dice.one(&NOUNS));
    let tail = text(|out| hex(out, mix(hash), 5));
    let (path, name) = match kind {
        Kind::Lambda => ("/service-role/", format!("{team}-{noun}-{stage}-lambda-role-{tail}")),
        Kind::Instance => ("/", format!("{team}-{stage}-node-{tail}")),
        Kind::Task => ("/ecs/", format!("{team}-{noun}-{stage}-task-{tail}")),
        Kind::Pod => ("/", format!("{team}-{noun}-irsa-{tail}")),
        Kind::Pipeline => ("/ci/", format!("deploy-{team}-{stage}-{tail}")),
        Kind::Program => ("/", format!("{team}-{noun}-reader-{tail}")),
        Kind::People => {
            ("/aws-reserved/sso.amazonaws.com/eu-central-1/", format!("AWSReservedSSO_{team}-{stage}_{}", text(|out| hex(out, hash, 16))))
        }
        Kind::Service => ("/aws-service-role/autoscaling.amazonaws.com/", format!("AWSServiceRoleForAutoScaling_{team}-{tail}")),
        Kind::User => ("/", format!("{team}.{noun}.{tail}")),
    };
    let (letters, word) = if kind == Kind::User { ("AIDA", "user") } else { ("AROA", "role") };
    // Most of a workload's calls go to a few services, and most of these to the operations that were drawn first.
    let favourites: Vec<&str> = (0..3).map(|_| operations[by_weight(&mut dice, operations)].source).collect();
    let mut calls: Vec<usize> = Vec::new();
    let wanted = 4 + dice.below(if kind == Kind::People { 50 } else { 16 });
    for _ in 0..wanted * 12 {
        let call = by_weight(&mut dice, operations);
        if calls.len() < wanted && !calls.contains(&call) && (favourites.contains(&operations[call].source) || dice.chance(1_200)) {
            calls.push(call);
        }
    }
    let weights = Weighted::zipf(calls.len());
    let sessions = match kind {
        Kind::Instance | Kind::Task => 1 + dice.below(24),
        Kind::People | Kind::Lambda | Kind::Pod => 1 + dice.below(8),
        _ => 1 + dice.below(2),
    };
    let id = text(|out| {
        out.extend_from_slice(letters.as_bytes());
        base32(out, mix(hash ^ 7), 17);
    });
    Principal { kind, hash, id, arn: format!("arn:aws:iam::{account}:{word}{path}{name}"), name, sessions, calls, weights }
}

fn by_weight(dice: &mut Dice, operations: &[Operation]) -> usize {
    // By refusal: no table is needed for the few draws.
    loop {
        let at = dice.below(operations.len());
        if dice.bits() % 1_000 < operations[at].weight {
            return at;
        }
    }
}
