//! Pictures as files.

use koshin_desktop::Picture;
use std::collections::HashMap;

/// A PNG of at most 256 colours, a third as large as one of all colours, with the words as its description.
pub(crate) fn encode(picture: &Picture, description: String) -> Result<Vec<u8>, png::EncodingError> {
    let (palette, indices) = indexed(picture);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, picture.width, picture.height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette);
    encoder.set_compression(png::Compression::Best);
    encoder.set_filter(png::FilterType::NoFilter);
    encoder.add_itxt_chunk("Description".into(), description)?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&indices)?;
    writer.finish()?;
    Ok(file)
}

/// The commonest colours, and for each pixel the nearest of them. What is lost are shades of edges of letters.
fn indexed(picture: &Picture) -> (Vec<u8>, Vec<u8>) {
    let colours = || picture.rgba.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2]]);
    let mut counts: HashMap<[u8; 3], usize> = HashMap::new();
    for colour in colours() {
        *counts.entry(colour).or_default() += 1;
    }
    let mut common: Vec<_> = counts.iter().map(|(colour, count)| (*count, *colour)).collect();
    common.sort_unstable_by(|one, other| other.cmp(one));
    common.truncate(256);
    let distance = |one: [u8; 3], other: [u8; 3]| -> u32 {
        one.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
    };
    let nearest: HashMap<_, u8> = counts
        .into_keys()
        .map(|colour| {
            let (index, _) = (0..=u8::MAX)
                .zip(&common)
                .min_by_key(|(_, (_, other))| distance(colour, *other))
                .expect("a picture has a pixel");
            (colour, index)
        })
        .collect();
    let palette = common.into_iter().flat_map(|(_, colour)| colour).collect();
    (palette, colours().map(|colour| nearest[&colour]).collect())
}
