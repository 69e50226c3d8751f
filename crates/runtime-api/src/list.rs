//! `GET /list`, and the writing of many runtimes from fragments that were rendered before (contract §6.1).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::runtime::Runtime;

/// Runtimes, all of them, without pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuntimeList {
    /// The runtimes.
    pub runtimes: Vec<Runtime>,
    /// How many there are.
    pub total: usize,
}

impl RuntimeList {
    /// A list of these runtimes.
    pub fn new(runtimes: Vec<Runtime>) -> Self {
        Self {
            total: runtimes.len(),
            runtimes,
        }
    }
}

/// The bytes of a [`RuntimeList`] whose runtimes are rendered already, each by [`Response::to_json`](crate::Response).
pub fn list_of<F: AsRef<[u8]>>(fragments: &[F]) -> Vec<u8> {
    joined(
        r#"{"runtimes":["#,
        fragments,
        &format!(r#"],"total":{}}}"#, fragments.len()),
    )
}

/// A part of a list, made before it is known which other parts it will stand beside. Each runtime has a comma before it.
pub fn part_of<F: AsRef<[u8]>>(fragments: &[F]) -> Vec<u8> {
    joined(",", fragments, "")
}

/// The bytes of a [`RuntimeList`] from parts by [`part_of`]: pieces that follow one another, none of them copied.
/// `without_comma` cuts off the first byte of a part.
pub fn list_of_parts<P: From<String>>(
    parts: impl IntoIterator<Item = P>,
    total: usize,
    without_comma: impl FnOnce(P) -> P,
) -> Vec<P> {
    let mut pieces = vec![P::from(r#"{"runtimes":["#.to_owned())];
    let mut parts = parts.into_iter();
    pieces.extend(parts.next().map(without_comma));
    pieces.extend(parts);
    pieces.push(P::from(format!(r#"],"total":{total}}}"#)));
    pieces
}

/// The bytes of a bare array of rendered runtimes: the body of `GET /sessions/batch`.
pub fn array_of<F: AsRef<[u8]>>(fragments: &[F]) -> Vec<u8> {
    joined("[", fragments, "]")
}

/// One allocation of the exact size: a list of 10,000 has some megabytes.
fn joined<F: AsRef<[u8]>>(head: &str, fragments: &[F], tail: &str) -> Vec<u8> {
    let inner: usize = fragments
        .iter()
        .map(|fragment| fragment.as_ref().len() + 1)
        .sum();
    let mut json = Vec::with_capacity(head.len() + inner + tail.len());
    json.extend_from_slice(head.as_bytes());
    for (at, fragment) in fragments.iter().enumerate() {
        if at > 0 {
            json.push(b',');
        }
        json.extend_from_slice(fragment.as_ref());
    }
    json.extend_from_slice(tail.as_bytes());
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Response;
    use crate::runtime::tests::example;

    #[test]
    fn a_list_on_the_wire() {
        let mut runtime = example();
        runtime.status_detail = None;
        runtime.work_hosts.clear();
        let json = String::from_utf8(list_of(&[runtime.to_json()])).unwrap();
        insta::assert_snapshot!(json, @r#"{"runtimes":[{"runtime_id":"qhzvtbkwmaxeoyrd","session_id":"4Zr0bQk7TnUeXw2mLs9PdA","url":"https://qhzvtbkwmaxeoyrd.sandbox.example.com","session_api_key":"b0x9Yk3l","status":"starting","pod_status":"pending","restart_count":0,"restart_reasons":[],"work_hosts":{},"command":""}],"total":1}"#);
    }

    #[test]
    fn a_list_of_fragments_is_the_list_of_their_runtimes() {
        for count in [0, 1, 3] {
            let runtimes = vec![example(); count];
            let fragments: Vec<_> = runtimes.iter().map(Response::to_json).collect();
            assert_eq!(array_of(&fragments), serde_json::to_vec(&runtimes).unwrap());
            assert_eq!(list_of(&fragments), RuntimeList::new(runtimes).to_json());
        }
    }

    #[test]
    fn a_list_of_parts_is_the_list_of_their_runtimes() {
        let cut = |part: String| part.strip_prefix(',').unwrap().to_owned();
        for sizes in [&[][..], &[1], &[2, 1], &[1, 1, 3]] {
            let part = |size: &usize| {
                let fragments = vec![example().to_json(); *size];
                String::from_utf8(part_of(&fragments)).unwrap()
            };
            let total = sizes.iter().sum();
            let pieces = list_of_parts(sizes.iter().map(part), total, cut);
            let runtimes = vec![example(); total];
            assert_eq!(
                pieces.concat().into_bytes(),
                RuntimeList::new(runtimes).to_json()
            );
        }
    }

    #[test]
    fn no_runtimes_on_the_wire() {
        let none: [&[u8]; 0] = [];
        assert_eq!(list_of(&none), br#"{"runtimes":[],"total":0}"#);
        assert_eq!(array_of(&none), b"[]");
    }
}
