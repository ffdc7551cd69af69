//! VPC endpoints, and the file systems behind EFS access points.
//! Source: inputs-and-evaluation.md section 1.2; EC2 and EFS API references.

use serde_json::{Map, Value};

use super::super::super::builder::Builder;
use super::super::super::encoded::policy_document;
use super::super::super::{AttachedDocument, Document, Known};
use super::lists;
use super::subject::{self, objects, text};
use crate::aws::Arn;
use crate::policy::beside::VpcEndpointType;

/// Takes an output of this file; `Some(false)` for something else in its place.
pub fn take(row: &str, document: &Document, builder: &mut Builder) -> Option<bool> {
    match row {
        "vpc-endpoints" => Some(endpoints(document, builder).is_some()),
        EFS => Some(access_points(document, builder).is_some()),
        _ => None,
    }
}

/// `efs describe-access-points`, which no row asks for.
pub const EFS: &str = "efs-access-points";

fn endpoints(document: &Document, builder: &mut Builder) -> Option<()> {
    let list = objects(&document.value, "VpcEndpoints")?;
    subject::nameless(document, "/VpcEndpoints", "VpcEndpointId", builder);
    for map in list {
        endpoint(document, map, builder);
    }
    lists::read(document, builder);
    Some(())
}

/// One endpoint. Endpoints whose service takes no policy have none, and let everything through.
fn endpoint(document: &Document, map: &Map<String, Value>, builder: &mut Builder) -> Option<()> {
    let id = text(map, "VpcEndpointId")?.to_owned();
    let policy = match map.get("PolicyDocument").map_or(Known::Absent, policy_document) {
        Known::Present(read) => {
            if let Err(e) = &read {
                builder.problem(document.file(), &id, format!("endpoint policy: {e}"));
            }
            Known::Present(AttachedDocument { name: "policy".to_owned(), document: read })
        }
        Known::Absent => Known::Absent,
        Known::Unknown(why) => Known::Unknown(why),
    };
    let place_account = document.place.as_ref().and_then(|p| p.account()).map(str::to_owned);
    let owner = text(map, "OwnerId").map(str::to_owned);
    if let (Some(owner), Some(place)) = (&owner, &place_account)
        && owner != place
    {
        builder.problem(document.file(), &id, format!("of account {owner}, in the export of account {place}"));
    }
    let service = text(map, "ServiceName").unwrap_or_default().to_owned();
    // `com.amazonaws.REGION.SERVICE`
    let of_service = service.split('.').find(|p| p.matches('-').count() >= 2 && p.ends_with(|c: char| c.is_ascii_digit())).map(str::to_owned);
    let entry = builder.grants.resources.vpc_endpoints.entry(id.clone()).or_default();
    entry.id.clone_from(&id);
    entry.account = owner.or(place_account).or_else(|| document.account()).unwrap_or_default();
    entry.region = document.region().or(of_service);
    entry.kind = VpcEndpointType::parse(text(map, "VpcEndpointType").unwrap_or_default());
    entry.service_name = service;
    builder.put_known(&format!("{id}: policy"), &document.capture, |g| &mut g.resources.vpc_endpoints.entry(id.clone()).or_default().policy, policy);
    Some(())
}

fn access_points(document: &Document, builder: &mut Builder) -> Option<()> {
    for map in objects(&document.value, "AccessPoints")? {
        let (Some(arn), Some(file_system)) = (text(map, "AccessPointArn"), text(map, "FileSystemId")) else { continue };
        let Some(parsed) = Arn::parse(arn) else { continue };
        subject::checked(document, arn, builder);
        let of = format!("arn:{}:elasticfilesystem:{}:{}:file-system/{file_system}", parsed.partition, parsed.region, parsed.account);
        builder.put(arn, &document.capture, |g| g.resources.file_systems.entry(arn.to_owned()).or_default(), of);
    }
    Some(())
}
