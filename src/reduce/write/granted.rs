//! Whether a document grants a whole cell, one action pattern on one resource pattern: asked before a policy is
//! written shorter, so that nothing is written that was not granted. The proofs ask again by their own method.

use crate::aws::arn_covers;
use crate::policy::{Effect, PolicyDocument, ResourceElement, Statement, Version};

use super::super::compress::inside;
use super::piece::Piece;

/// Whether the document allows an action pattern on a resource pattern wherever `frame`'s conditions hold.
#[must_use]
pub fn grants(document: &PolicyDocument, frame: &Statement, action: &str, resource: &str) -> bool {
    document.statements.iter().any(|s| {
        s.effect == Effect::Allow
            && s.principal == frame.principal
            && s.conditions.iter().all(|c| frame.conditions.contains(c))
            && inside(&s.action, action)
            && matches!(&s.resource, Some(ResourceElement::Resource(list)) if list.iter().any(|wide| covers(wide, resource, document.version)))
    })
}

/// Pattern inclusion; policy variables are only ever the same as themselves.
fn covers(wide: &str, narrow: &str, version: Version) -> bool {
    if wide == narrow {
        return true;
    }
    let variables = version == Version::V2012 && (wide.contains("${") || narrow.contains("${"));
    !variables && arn_covers(wide, narrow)
}

/// Whether the document grants all of a piece.
#[must_use]
pub fn grants_piece(document: &PolicyDocument, piece: &Piece, names: &[String]) -> bool {
    let Some(resources) = piece.resources() else { return false };
    names.iter().all(|action| resources.iter().all(|resource| grants(document, &piece.frame, action, resource)))
}
