//! One JSON document of an export, with what is told around it: its file, its place in a bundle, its wrapper.

use serde_json::Value;

use super::gaad::time_ms;
use super::{Capture, Place};
use crate::aws::{Arn, is_account_id};

/// A document.
#[derive(Clone, Debug)]
pub struct Document {
    /// File and time.
    pub capture: Capture,
    /// Its place in a bundle, where it has one.
    pub place: Option<Place>,
    /// What it is about, as its wrapper says.
    pub resource_arn: Option<String>,
    /// The output of the command.
    pub value: Value,
}

/// The account that a folder of a path names. One that may as well be a date and a time (`202611260516`) names none.
#[must_use]
pub fn account_in_path(path: &str) -> Option<&str> {
    let is_date = |id: &str| {
        let number = |from: usize, to: usize| id.get(from..to).and_then(|t| t.parse::<u32>().ok()).unwrap_or_default();
        (2006..2100).contains(&number(0, 4)) && (1..=12).contains(&number(4, 6)) && (1..=31).contains(&number(6, 8)) && number(8, 10) < 24 && number(10, 12) < 60
    };
    path.split(['/', '\\']).find(|part| is_account_id(part) && !is_date(part))
}

impl Document {
    /// Takes the wrapper `{"resourceArn": …, "call": …, "at": …, "output": …}` off.
    #[must_use]
    pub fn new(mut capture: Capture, place: Option<Place>, value: Value) -> Document {
        let Value::Object(mut map) = value else { return Document { capture, place, resource_arn: None, value } };
        let is_wrapper = map.contains_key("output") && map.keys().all(|k| matches!(k.as_str(), "resourceArn" | "call" | "at" | "output"));
        if !is_wrapper {
            return Document { capture, place, resource_arn: None, value: Value::Object(map) };
        }
        capture.at_ms = time_ms(map.get("at")).or(capture.at_ms);
        let resource_arn = map.get("resourceArn").and_then(Value::as_str).map(str::to_owned);
        Document { capture, place, resource_arn, value: map.remove("output").unwrap_or_default() }
    }

    /// File, relative to the bundle.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.capture.file
    }

    /// Id of the row of the table of exports; empty for a file without a place.
    #[must_use]
    pub fn export(&self) -> &'static str {
        self.place.as_ref().map_or("", |p| p.export.id.as_str())
    }

    /// The account whose export it is: by its place, by the ARN it is about, or by a folder of its path.
    #[must_use]
    pub fn account(&self) -> Option<String> {
        let of_place = self.place.as_ref().and_then(Place::account).map(str::to_owned);
        let of_arn = || self.resource_arn.as_deref().and_then(Arn::parse).map(|a| a.account.to_owned()).filter(|a| is_account_id(a));
        let of_path = || account_in_path(&self.capture.file).map(str::to_owned);
        of_place.or_else(of_arn).or_else(of_path)
    }

    /// The region it was asked in.
    #[must_use]
    pub fn region(&self) -> Option<String> {
        let of_place = self.place.as_ref().and_then(Place::region).map(str::to_owned);
        let of_arn = || self.resource_arn.as_deref().and_then(Arn::parse).map(|a| a.region.to_owned()).filter(|r| !r.is_empty());
        of_place.or_else(of_arn)
    }
}
