//! The values of an event: names of resources, ids, times. Each is a function of the event and of its own name, so that the same
//! name in parameters, answer and resources is the same value.

use crate::dice::{below, mix, of};
use crate::identity::{Session, session_name};
use crate::operations::{Piece, Template};
use crate::world::{Kind, NOUNS, Principal, REGIONS, STAGES, TEAMS, World};
use crate::write;

/// A call that is being written.
pub struct Call<'a> {
    /// Everybody.
    pub world: &'a World,
    /// The event's own number.
    pub hash: u64,
    /// The caller's: who calls mostly uses things of its own.
    pub caller: u64,
    /// Event time, epoch seconds.
    pub time: u64,
    /// Place of the region.
    pub region: usize,
    /// Place of the account that has the resources.
    pub account: usize,
}

macro_rules! values {
    ($($value:ident $name:literal,)*) => {
        /// A value's name.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Value {
            $(#[doc = $name] $value,)*
        }

        impl Value {
            /// By the name that templates use.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$value),)*
                    _ => None,
                }
            }
        }
    };
}

values! {
    Account "account", Alarm "alarm", Alias "alias", Asg "asg", Balancer "balancer", Base64 "base64", Base64Long "base64long", Bucket "bucket",
    Cdate "cdate", Cluster "cluster", DashedIp "dashedip", Database "database", EcsService "ecsservice", Eks "eks", Eni "eni", Epoch "epoch",
    EpochMs "epochms", Expiry "expiry", Function "function", GlueDatabase "gluedatabase", GlueTable "gluetable", Group "group", Hex16 "hex16",
    Hex32 "hex32", Hex64 "hex64", Image "image", Instance "instance", IssuedKey "issuedkey", Item "item", Item2 "item2", Key "key",
    Machine "machine", Number "number", Object "object", Object2 "object2", Parameter "parameter", Prefix "prefix", PrivateIp "privateip",
    Queue "queue", Region "region", Repository "repository", RoleArn "rolearn", RoleId "roleid", RoleName "rolename", Rule "rule",
    Secret "secret", SessionName "session", Small "small", Snapshot "snapshot", Stack "stack", Stage "stage", Stream "stream", Subnet "subnet",
    Table "table", Team "team", Time "time", Token "token", Topic "topic", Uuid "uuid", Uuid2 "uuid2", Volume "volume", Vpc "vpc", Zone "zone",
}

impl<'a> Call<'a> {
    fn draw(&self, of: Value) -> u64 {
        mix(self.hash ^ (of as u64 + 1).wrapping_mul(0x9e6c_63d0_876a_9a35))
    }

    /// Which of `pool` things of a kind: Zipf, and another one is the favourite of each caller.
    fn thing(&self, kind: Value, pool: usize) -> u64 {
        let zipf = if pool > 100 { &self.world.many } else if pool > 20 { &self.world.some } else { &self.world.few };
        let nth = zipf.pick(self.draw(kind)) + below(mix(self.caller ^ kind as u64), pool);
        of(&[self.world.seed, kind as u64, self.account as u64, (nth % pool) as u64])
    }

    /// The role that the call is about.
    #[must_use]
    pub fn role(&self) -> &'a Principal {
        let all = &self.world.accounts[self.account].principals;
        let first = self.world.few.pick(self.draw(Value::RoleArn)) + below(mix(self.caller ^ 3), all.len());
        let roles = || (0..all.len()).map(|n| &all[(first + n) % all.len()]);
        roles().find(|p| !matches!(p.kind, Kind::User | Kind::People | Kind::Service)).unwrap_or(&all[0])
    }

    /// The session that the call opens.
    #[must_use]
    pub fn issued(&self) -> Session<'a> {
        Session::at(self.role(), self.draw(Value::SessionName), self.time)
    }

    fn named(&self, out: &mut Vec<u8>, kind: Value, pool: usize, suffix: &str) {
        let thing = self.thing(kind, pool);
        let (team, noun) = (TEAMS[below(thing, TEAMS.len())], NOUNS[below(mix(thing), NOUNS.len())]);
        let stage = STAGES[below(mix(thing ^ 1), STAGES.len())];
        for part in [team, "-", noun, "-", stage, suffix] {
            out.extend_from_slice(part.as_bytes());
        }
        if pool > 12 {
            out.push(b'-');
            write::padded(out, thing % 997, 3);
        }
    }

    fn id(&self, out: &mut Vec<u8>, kind: Value, pool: usize, prefix: &str) {
        out.extend_from_slice(prefix.as_bytes());
        write::hex(out, self.thing(kind, pool), 17);
    }

    fn prefix(&self, out: &mut Vec<u8>) {
        let thing = self.thing(Value::Prefix, 60);
        for part in [NOUNS[below(thing, NOUNS.len())], "/dt=2026-09-"] {
            out.extend_from_slice(part.as_bytes());
        }
        write::padded(out, 1 + self.draw(Value::Prefix) / 7 % 14, 2);
        out.extend_from_slice(b"/hour=");
        write::padded(out, self.draw(Value::Prefix) / 99 % 24, 2);
    }

    fn object(&self, out: &mut Vec<u8>, kind: Value) {
        let bits = self.draw(kind);
        if bits % 100 < 45 {
            // Read again and again.
            let thing = self.thing(kind, 400);
            for part in ["config/", NOUNS[below(thing, NOUNS.len())], "/", TEAMS[below(mix(thing), TEAMS.len())], "-"] {
                out.extend_from_slice(part.as_bytes());
            }
            write::number(out, thing % 997);
            out.extend_from_slice(b".json");
        } else {
            self.prefix(out);
            out.extend_from_slice(b"/part-");
            write::padded(out, bits / 100 % 512, 5);
            out.push(b'-');
            write::uuid(out, mix(bits));
            out.extend_from_slice(b".c000.snappy.parquet");
        }
    }

    fn address(&self, out: &mut Vec<u8>, between: u8) {
        let bits = self.thing(Value::PrivateIp, 400);
        out.extend_from_slice(b"10");
        for shift in [0, 8, 16] {
            out.push(between);
            write::number(out, (bits >> shift) % 254 + 1);
        }
    }

    fn value(&self, out: &mut Vec<u8>, value: Value) {
        use Value as V;
        let bits = self.draw(value);
        let account = &self.world.accounts[self.account];
        match value {
            V::Account => out.extend_from_slice(account.id.as_bytes()),
            V::Region => out.extend_from_slice(REGIONS[self.region].as_bytes()),
            V::Bucket => {
                self.named(out, value, 60, "");
                out.push(b'-');
                out.extend_from_slice(account.id[8..].as_bytes());
            }
            V::Alarm => self.named(out, value, 60, "-cpu-high"),
            V::Asg => self.named(out, value, 60, "-asg"),
            V::Balancer => self.named(out, value, 60, "-alb"),
            V::Cluster => self.named(out, value, 12, ""),
            V::Database => self.named(out, value, 60, "-pg"),
            V::EcsService => self.named(out, value, 60, "-svc"),
            V::Eks => self.named(out, value, 12, "-eks"),
            V::Function => self.named(out, value, 400, "-fn"),
            V::GlueDatabase => self.named(out, value, 12, "_lake"),
            V::GlueTable | V::Repository | V::Stream | V::Table => self.named(out, value, 60, ""),
            V::Machine => self.named(out, value, 60, "-flow"),
            V::Queue => self.named(out, value, 60, "-queue"),
            V::Rule => self.named(out, value, 60, "-every"),
            V::Stack => self.named(out, value, 60, "-stack"),
            V::Topic => self.named(out, value, 60, "-topic"),
            V::Alias => self.named(out, value, 12, "-key"),
            V::Parameter => {
                let thing = self.thing(value, 400);
                let (team, noun) = (TEAMS[below(mix(thing), TEAMS.len())], NOUNS[below(mix(thing ^ 2), NOUNS.len())]);
                for part in [STAGES[below(thing, 4)], "/", team, "/", noun, "/setting-"] {
                    out.extend_from_slice(part.as_bytes());
                }
                write::number(out, thing % 97);
            }
            V::Secret => {
                self.named(out, value, 60, "/db");
                out.push(b'-');
                write::hex(out, self.thing(value, 60), 6);
            }
            V::Stage => out.extend_from_slice(STAGES[below(bits, 4)].as_bytes()),
            V::Team => out.extend_from_slice(TEAMS[below(self.thing(value, 12), TEAMS.len())].as_bytes()),
            V::Instance => self.id(out, value, 400, "i-"),
            V::Volume => self.id(out, value, 400, "vol-"),
            V::Snapshot => {
                out.extend_from_slice(b"snap-");
                write::hex(out, bits, 17);
            }
            V::Eni => {
                out.extend_from_slice(b"eni-");
                write::hex(out, bits, 17);
            }
            V::Group => self.id(out, value, 60, "sg-"),
            V::Subnet => self.id(out, value, 12, "subnet-"),
            V::Vpc => self.id(out, value, 12, "vpc-"),
            V::Image => self.id(out, value, 12, "ami-"),
            V::Zone => {
                out.extend_from_slice(b"Z0");
                write::base36(out, self.thing(value, 12), 18);
            }
            V::Key => write::uuid(out, self.thing(value, 60)),
            V::Prefix => self.prefix(out),
            V::Object | V::Object2 => self.object(out, value),
            V::Item | V::Item2 => {
                out.extend_from_slice(TEAMS[below(self.thing(V::Team, 12), TEAMS.len())].as_bytes());
                out.push(b'#');
                write::number(out, bits % 5_000_000);
            }
            V::RoleArn => out.extend_from_slice(self.role().arn.as_bytes()),
            V::RoleId => out.extend_from_slice(self.role().id.as_bytes()),
            V::RoleName => out.extend_from_slice(self.role().name.as_bytes()),
            V::SessionName => session_name(out, &self.issued()),
            V::IssuedKey => self.issued().key(out),
            V::Token => {
                out.extend_from_slice(b"IQoJb3JpZ2luX2VjE");
                write::base64(out, bits, 420);
                out.extend_from_slice(b"==");
            }
            V::Expiry => write::spoken_time(out, self.time + 3_600),
            V::Cdate => write::spoken_time(out, self.time),
            V::Time => write::time(out, self.time),
            V::Epoch => write::number(out, self.time),
            V::EpochMs => write::number(out, self.time * 1_000),
            V::Uuid | V::Uuid2 => write::uuid(out, bits),
            V::Hex16 => write::hex(out, bits, 16),
            V::Hex32 => write::hex(out, bits, 32),
            V::Hex64 => write::hex(out, bits, 64),
            V::Base64 => {
                write::base64(out, bits, 43);
                out.push(b'=');
            }
            V::Base64Long => write::base64(out, bits, 180),
            V::Small => write::number(out, 1 + bits % 40),
            V::Number => write::number(out, 1_000 + bits % 9_000_000),
            V::PrivateIp => self.address(out, b'.'),
            V::DashedIp => self.address(out, b'-'),
        }
    }

    /// Fills in a template.
    pub fn fill(&self, out: &mut Vec<u8>, template: &Template) {
        for piece in template {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Value(value) => self.value(out, *value),
            }
        }
    }
}
