//! One record, written whole.

use crate::dice::{Dice, mix, of};
use crate::failure::failure;
use crate::identity::{Session, caller_arn, from_elsewhere, root, service, session, web_identity};
use crate::operations::Operation;
use crate::plan::{Plan, Slot};
use crate::values::Call;
use crate::world::{Account, Kind, Principal, REGIONS, World};
use crate::write;

const AGENTS: [&str; 5] = [
    "aws-sdk-java/2.29.52 ua/2.1 os/Linux#6.1.115 lang/java#21.0.5 md/OpenJDK_64-Bit_Server_VM#21.0.5+11-LTS",
    "Boto3/1.40.29 md/Botocore#1.40.29 ua/2.1 os/linux#6.1.147 lang/python#3.12.11 Botocore/1.40.29",
    "aws-sdk-go-v2/1.38.3 ua/2.1 os/linux lang/go#1.24.6 md/GOOS#linux md/GOARCH#arm64 api/ec2#1.247.0 m/E,e",
    "aws-sdk-js/3.879.0 ua/2.1 os/linux#5.10.240 lang/js md/nodejs#22.18.0 api/client#3.879.0 exec-env/AWS_Lambda_nodejs22.x m/N,E,e",
    "APN/1.0 HashiCorp/1.0 Terraform/1.13.1 (+https://www.terraform.io) terraform-provider-aws/6.11.0 \
     (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.38.3 ua/2.1 os/linux lang/go#1.24.6 md/GOOS#linux md/GOARCH#amd64",
];
const CONSOLE: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
/// Services that open sessions of roles or use keys, with what they call.
const SERVICES: [(&str, &str, &str); 6] = [
    ("lambda.amazonaws.com", "sts.amazonaws.com", "AssumeRole"),
    ("ecs-tasks.amazonaws.com", "sts.amazonaws.com", "AssumeRole"),
    ("ec2.amazonaws.com", "sts.amazonaws.com", "AssumeRole"),
    ("delivery.logs.amazonaws.com", "s3.amazonaws.com", "PutObject"),
    ("cloudtrail.amazonaws.com", "s3.amazonaws.com", "GetBucketAcl"),
    ("dynamodb.amazonaws.com", "kms.amazonaws.com", "Decrypt"),
];

/// Whose call it is.
enum Who<'a> {
    Session(Session<'a>),
    Service(&'static str),
    Web(u64),
    Root,
}

/// Writes the record of a place in a file.
pub fn record(out: &mut Vec<u8>, world: &World, plan: &Plan, file: usize, place: u64) {
    let (file, place) = plan.again(world.seed, file, place).unwrap_or((file, place));
    match plan.slot(world.seed, file, place) {
        Slot::Own => Event::own(world, plan, file, place).write(out, None),
        Slot::Into(account) => Event::between(world, plan, file, place, account).write(out, None),
        Slot::Of(from, there) => {
            let account = plan.files[file].account;
            Event::between(world, plan, from, there, account).write(out, Some(of(&[world.seed, 8, file as u64, place])));
        }
    }
}

struct Event<'a> {
    call: Call<'a>,
    who: Who<'a>,
    /// The caller's account.
    account: &'a Account,
    operation: &'a Operation,
    between: bool,
    dice: Dice,
}

impl<'a> Event<'a> {
    fn start(world: &'a World, plan: &Plan, file: usize, place: u64, account: Option<usize>) -> (Call<'a>, &'a Account, Dice) {
        let hash = of(&[world.seed, 6, file as u64, place]);
        let f = &plan.files[file];
        let mut dice = Dice::new(mix(hash ^ 0xca11));
        let late = if dice.chance(100) { dice.bits() % 72_000 } else { 0 };
        let time = f.delivered - 60 - dice.bits() % 840 - late;
        let call = Call { world, hash, caller: 0, time, region: f.region, account: account.unwrap_or(f.account) };
        (call, &world.accounts[f.account], dice)
    }

    /// A call that its account alone sees.
    fn own(world: &'a World, plan: &Plan, file: usize, place: u64) -> Self {
        let (mut call, account, mut dice) = Self::start(world, plan, file, place, None);
        let named = |source: &str, name: &str| world.operations.iter().find(|o| o.source == source && o.name == name);
        let principal = || &account.principals[account.weights.pick(mix(call.hash ^ 0xb0b))];
        let (who, operation) = match dice.below(10_000) {
            0..350 => {
                let (service, source, name) = *dice.one(&SERVICES);
                (Who::Service(service), named(source, name))
            }
            350..353 => (Who::Root, named("iam.amazonaws.com", "ListUsers")),
            353..390 => (Who::Web(dice.bits()), named("sts.amazonaws.com", "AssumeRole")),
            _ => {
                let principal = principal();
                let session = Session::at(principal, dice.bits(), call.time);
                (Who::Session(session), chosen(world, principal, call.region, &mut dice))
            }
        };
        if let Who::Session(s) = &who {
            call.caller = s.principal.hash;
        }
        let operation = operation.unwrap_or(&world.operations[0]);
        Self { call, who, account, operation, between: false, dice }
    }

    /// A call into another account, which both see.
    fn between(world: &'a World, plan: &Plan, file: usize, place: u64, into: usize) -> Self {
        let (mut call, account, mut dice) = Self::start(world, plan, file, place, Some(into));
        let principals = || account.principals.iter().cycle().skip(account.weights.pick(mix(call.hash ^ 0xb0b)));
        let principal = principals().find(|p| p.kind != Kind::Service).unwrap_or(&account.principals[0]);
        call.caller = principal.hash;
        let session = Session::at(principal, dice.bits(), call.time);
        let name = *dice.one(&["AssumeRole", "AssumeRole", "GetObject", "GetObject", "PutObject", "Decrypt"]);
        let operation = world.operations.iter().find(|o| o.name == name).unwrap_or(&world.operations[0]);
        Self { call, who: Who::Session(session), account, operation, between: true, dice }
    }

    /// Writes the record; `copy` is the id of the copy that the resource's account gets.
    fn write(mut self, out: &mut Vec<u8>, copy: Option<u64>) {
        let (region, op) = (REGIONS[self.call.region], self.operation);
        let text = |out: &mut Vec<u8>, parts: &[&str]| parts.iter().for_each(|p| out.extend_from_slice(p.as_bytes()));
        let owner = &self.call.world.accounts[self.call.account];
        let by = self.invoked_by();
        text(out, &["{\"eventVersion\":\"", ["1.11", "1.10", "1.09", "1.08"][op.source.len() % 4], "\",\"userIdentity\":"]);
        match &self.who {
            Who::Session(s) if copy.is_some() => from_elsewhere(out, self.account, s),
            Who::Session(s) => session(out, self.account, s, region, by),
            Who::Service(name) => service(out, name),
            Who::Web(bits) => web_identity(out, self.account, *bits),
            Who::Root => root(out, self.account, self.call.time / 3_600 * 3_600),
        }
        text(out, &[",\"eventTime\":\""]);
        write::time(out, self.call.time);
        let name = if matches!(self.who, Who::Web(_)) { "AssumeRoleWithWebIdentity" } else { op.name };
        text(out, &["\",\"eventSource\":\"", op.source, "\",\"eventName\":\"", name, "\",\"awsRegion\":\"", region, "\",\"sourceIPAddress\":\""]);
        let endpoint = self.from(out, by);
        let failed = match &self.who {
            Who::Session(s) => {
                let mut arn = Vec::new();
                caller_arn(&mut arn, self.account, s);
                failure(out, &self.call, op, &arn, &self.call.world.accounts[0].id)
            }
            _ => false,
        };
        text(out, &[",\"requestParameters\":"]);
        self.template(out, op.request.as_ref());
        text(out, &[",\"responseElements\":"]);
        self.template(out, op.response.as_ref().filter(|_| !failed));
        self.ids(out, copy);
        self.resources(out, owner);
        text(out, &[",\"eventType\":\"AwsApiCall\"", if op.source.starts_with("dynamodb") { ",\"apiVersion\":\"2012-08-10\"" } else { "" }]);
        let recipient = if copy.is_some() { owner } else { self.account };
        text(out, &[",\"managementEvent\":", if op.data { "false" } else { "true" }, ",\"recipientAccountId\":\"", &recipient.id, "\""]);
        if self.between || matches!(self.who, Who::Service(_)) {
            text(out, &[",\"sharedEventID\":\""]);
            write::uuid(out, mix(self.call.hash ^ 0x5a4e));
            text(out, &["\""]);
        }
        if let Some(endpoint) = endpoint {
            text(out, &[",\"vpcEndpointId\":\"vpce-"]);
            write::hex(out, endpoint, 17);
            text(out, &["\",\"vpcEndpointAccountId\":\"", &self.account.id, "\""]);
        }
        text(out, &[",\"eventCategory\":\"", if op.data { "Data\"" } else { "Management\"" }]);
        if by.is_none() && !matches!(self.who, Who::Service(_)) {
            let host = op.source.trim_end_matches(".amazonaws.com");
            text(out, &[",\"tlsDetails\":{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"clientProvidedHostHeader\":\""]);
            text(out, &[host, ".", region, ".amazonaws.com\"}"]);
        }
        if matches!(&self.who, Who::Session(s) if s.principal.kind == Kind::People) {
            text(out, &[",\"sessionCredentialFromConsole\":\"true\""]);
        }
        out.push(b'}');
    }

    /// The service that calls for the caller.
    fn invoked_by(&self) -> Option<&'static str> {
        match &self.who {
            Who::Session(s) if s.principal.kind == Kind::Service => Some("autoscaling.amazonaws.com"),
            Who::Session(s) if s.principal.kind != Kind::User && self.operation.source.starts_with("kms.") && !self.between => {
                let services = ["s3.amazonaws.com", "dynamodb.amazonaws.com", "secretsmanager.amazonaws.com", "ebs.amazonaws.com"];
                (s.principal.hash % 10 < 6).then(|| services[(s.principal.hash % 4) as usize])
            }
            _ => None,
        }
    }

    /// Writes address and user agent; the VPC endpoint that the call came through.
    fn from(&mut self, out: &mut Vec<u8>, by: Option<&str>) -> Option<u64> {
        let mut endpoint = None;
        let by = by.or(if let Who::Service(name) = self.who { Some(name) } else { None });
        let agent = match (&self.who, by) {
            (_, Some(service)) => {
                out.extend_from_slice(service.as_bytes());
                service
            }
            (Who::Session(s), None) => {
                let at = of(&[s.principal.hash, s.number, 11]);
                let inside = matches!(s.principal.kind, Kind::Instance | Kind::Task | Kind::Pod) && s.principal.hash % 10 < 4;
                endpoint = inside.then(|| of(&[self.account.principals[0].hash, self.operation.source.len() as u64]));
                address(out, at, inside);
                if s.principal.kind == Kind::People { CONSOLE } else { agent(s.principal) }
            }
            _ => {
                address(out, self.dice.bits(), false);
                CONSOLE
            }
        };
        for part in ["\",\"userAgent\":\"", agent, "\""] {
            out.extend_from_slice(part.as_bytes());
        }
        endpoint
    }

    fn template(&self, out: &mut Vec<u8>, template: Option<&crate::operations::Template>) {
        match template {
            Some(template) => self.call.fill(out, template),
            None => out.extend_from_slice(b"null"),
        }
    }

    fn ids(&mut self, out: &mut Vec<u8>, copy: Option<u64>) {
        if self.operation.of_s3 {
            out.extend_from_slice(b",\"additionalEventData\":{\"SignatureVersion\":\"SigV4\",\"CipherSuite\":\"TLS_AES_128_GCM_SHA256\",");
            out.extend_from_slice(b"\"bytesTransferredIn\":0,\"AuthenticationMethod\":\"AuthHeader\",\"x-amz-id-2\":\"");
            write::base64(out, self.dice.bits(), 75);
            out.extend_from_slice(b"=\",\"bytesTransferredOut\":");
            write::number(out, self.dice.bits() % 400_000);
            out.push(b'}');
        }
        out.extend_from_slice(b",\"requestID\":\"");
        match self.operation.source {
            "s3.amazonaws.com" => write::base36(out, self.dice.bits(), 16),
            "dynamodb.amazonaws.com" => write::base36(out, self.dice.bits(), 52),
            _ => write::uuid(out, self.dice.bits()),
        }
        out.extend_from_slice(b"\",\"eventID\":\"");
        write::uuid(out, copy.unwrap_or(mix(self.call.hash ^ 0x1d)));
        out.extend_from_slice(if self.operation.read { b"\",\"readOnly\":true" } else { b"\",\"readOnly\":false" });
    }

    fn resources(&self, out: &mut Vec<u8>, owner: &Account) {
        let mut before = ",\"resources\":[";
        for (kind, arn) in self.operation.resources.iter().filter(|r| r.0 != "-") {
            out.extend_from_slice(before.as_bytes());
            out.push(b'{');
            if *kind != "AWS::S3::Object" {
                for part in ["\"accountId\":\"", &owner.id, "\","] {
                    out.extend_from_slice(part.as_bytes());
                }
            }
            for part in ["\"type\":\"", kind, "\",\"ARN\":\""] {
                out.extend_from_slice(part.as_bytes());
            }
            self.call.fill(out, arn);
            out.extend_from_slice(b"\"}");
            before = ",";
        }
        if before == "," {
            out.push(b']');
        }
    }
}

/// What a principal calls now; global services only where they are logged.
fn chosen<'a>(world: &'a World, principal: &Principal, region: usize, dice: &mut Dice) -> Option<&'a Operation> {
    let draws = (0..6).map(|_| principal.calls.get(principal.weights.pick(dice.bits())).map(|c| &world.operations[*c]));
    draws.flatten().find(|o| region == 0 || !o.global).or_else(|| world.operations.iter().find(|o| o.name == "GetCallerIdentity"))
}

fn agent(principal: &Principal) -> &'static str {
    match principal.kind {
        Kind::Lambda => AGENTS[3],
        Kind::Pipeline => AGENTS[4],
        Kind::Task => AGENTS[0],
        Kind::Pod => AGENTS[2],
        _ => AGENTS[1],
    }
}

fn address(out: &mut Vec<u8>, bits: u64, inside: bool) {
    write::number(out, if inside { 10 } else { 3 + bits % 90 });
    for shift in [8, 16, 24] {
        out.push(b'.');
        write::number(out, (bits >> shift) % 254 + 1);
    }
}
