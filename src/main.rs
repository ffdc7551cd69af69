//! b
fn main() {
    let files: Vec<std::path::PathBuf> = std::env::args().skip(3).map(Into::into).collect();
    let b = trailtrim::reference::import::build(&std::env::args().nth(1).unwrap(), &files).unwrap();
    println!("{:?} {}", b.counts, b.bytes.len());
    println!("{:?}", b.sources);
    std::fs::write(std::env::args().nth(2).unwrap(), &b.bytes).unwrap();
}
