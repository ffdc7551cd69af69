//! Databases of networks, written here byte by byte (MaxMind DB File Format Specification 2.0), and read back.

use super::origins::Origins;

enum Node<'a> {
    Text(&'a str),
    Number(u32),
    Map(Vec<(&'a str, Node<'a>)>),
}

fn control(kind: u8, size: usize, out: &mut Vec<u8>) {
    let (short, long) = if size < 29 { (u8::try_from(size).unwrap(), None) } else { (29, Some(u8::try_from(size - 29).unwrap())) };
    if kind < 8 {
        out.push(kind << 5 | short);
    } else {
        out.extend([short, kind - 7]);
    }
    out.extend(long);
}

fn encode(node: &Node<'_>, out: &mut Vec<u8>) {
    match node {
        Node::Text(text) => {
            control(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Node::Number(number) => {
            control(6, 4, out);
            out.extend(number.to_be_bytes());
        }
        Node::Map(pairs) => {
            control(7, pairs.len(), out);
            for (key, value) in pairs {
                encode(&Node::Text(key), out);
                encode(value, out);
            }
        }
    }
}

fn short(key: &str, number: u16, out: &mut Vec<u8>) {
    encode(&Node::Text(key), out);
    control(5, 2, out);
    out.extend(number.to_be_bytes());
}

/// A database of IPv4 that knows one /24.
fn database(network: [u8; 3], record: &Node<'_>) -> Vec<u8> {
    let bits: Vec<u8> = network.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let nodes = u32::try_from(bits.len()).unwrap();
    let mut out = Vec::new();
    for (at, bit) in bits.iter().enumerate() {
        let next = u32::try_from(at).unwrap() + 1;
        let inside = if next == nodes { nodes + 16 } else { next };
        let pair = if *bit == 0 { [inside, nodes] } else { [nodes, inside] };
        for value in pair {
            out.extend(&value.to_be_bytes()[1..]);
        }
    }
    out.extend([0; 16]);
    encode(record, &mut out);
    out.extend(b"\xab\xcd\xefMaxMind.com");
    control(7, 9, &mut out);
    encode(&Node::Text("node_count"), &mut out);
    encode(&Node::Number(nodes), &mut out);
    short("record_size", 24, &mut out);
    short("ip_version", 4, &mut out);
    short("binary_format_major_version", 2, &mut out);
    short("binary_format_minor_version", 0, &mut out);
    encode(&Node::Text("database_type"), &mut out);
    encode(&Node::Text("Test"), &mut out);
    encode(&Node::Text("build_epoch"), &mut out);
    control(9, 4, &mut out);
    out.extend(1_700_000_000_u32.to_be_bytes());
    encode(&Node::Text("languages"), &mut out);
    control(11, 0, &mut out);
    encode(&Node::Text("description"), &mut out);
    encode(&Node::Map(Vec::new()), &mut out);
    out
}

#[test]
fn addresses_by_system_and_country() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: Vec<u8>| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let system = Node::Map(vec![("autonomous_system_number", Node::Number(64_496)), ("autonomous_system_organization", Node::Text("Example Networks of a Rather Long Name"))]);
    let country = Node::Map(vec![("country", Node::Map(vec![("iso_code", Node::Text("NL"))]))]);
    let paths = [put("asn.mmdb", database([198, 51, 100], &system)), put("country.mmdb", database([198, 51, 100], &country))];
    let origins = Origins::open(&paths).unwrap();
    assert_eq!(origins.of("198.51.100.77"), "AS64496 Example Networks of a Rather Long Name, NL");
    assert_eq!(origins.of("198.51.101.77"), "unknown");
    assert_eq!(origins.of("AWS Internal"), "unknown");
    let flat = Node::Map(vec![("asn", Node::Text("AS64500")), ("as_name", Node::Text("Flat")), ("country_code", Node::Text("DE"))]);
    let flat = Origins::open(&[put("flat.mmdb", database([203, 0, 113], &flat))]).unwrap();
    assert_eq!(flat.of("203.0.113.1"), "AS64500 Flat, DE");
    let wrong = Origins::open(&[put("wrong.mmdb", b"no database".to_vec())]).unwrap_err().to_string();
    assert!(wrong.contains("wrong.mmdb"), "{wrong}");
    assert!(Origins::default().is_empty());
}
