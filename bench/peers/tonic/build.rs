//! Generates the service from the descriptors that `buf build` writes, so that no protoc is needed.

use prost::Message;
use prost_types::FileDescriptorSet;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=bench.binpb");
    let descriptors = FileDescriptorSet::decode(&*std::fs::read("bench.binpb")?)?;
    tonic_prost_build::configure().build_client(false).compile_fds(descriptors)?;
    Ok(())
}
