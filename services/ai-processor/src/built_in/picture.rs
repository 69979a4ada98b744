//! Pictures by rules: the title set large on a pattern in the colours of the site. They are drawn as SVG by the bundled font and nothing else
//! of the machine, so that the same job draws the same pixels everywhere.

mod colours;
mod dice;
mod pattern;
mod scene;
mod text;

use contracts::ai_processor::v1 as pb;
use contracts::progress::v1::Phase;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ExtendedColorType, ImageError, RgbaImage};
use prost::Message;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::Tree;
use tokio::sync::Semaphore;

use self::scene::Scene;
use super::{Answer, broken, decode};
use crate::provider::{Failure, Task};
use crate::worker::Reporter;

/// The largest picture takes 120 MB while it is drawn.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
const SMALLEST: i32 = 64;
const LARGEST: i32 = 4096;
const JPEG_QUALITY: u8 = 86;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Webp,
    Jpeg,
}

impl Format {
    fn content_type(self) -> &'static str {
        match self {
            Self::Webp => "image/webp",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// What is drawn and how it is written.
#[derive(Debug, Clone)]
struct Order {
    scene: Scene,
    format: Format,
}

impl Order {
    fn new(input: &pb::ImageInput) -> Result<Self, Failure> {
        let side = |pixels: i32| u32::try_from(pixels).ok().filter(|_| (SMALLEST..=LARGEST).contains(&pixels));
        let (Some(width), Some(height)) = (side(input.width), side(input.height)) else {
            let message = format!("An image has {SMALLEST} to {LARGEST} pixels on each side. Choose another size.");
            return Err(Failure::Permanent { code: "IMAGE_SIZE_NOT_SUPPORTED", message });
        };
        let format = match input.format.as_str() {
            "webp" => Format::Webp,
            "jpeg" => Format::Jpeg,
            _ => {
                let message = "Images are made as webp or jpeg. Choose one of them.".to_owned();
                return Err(Failure::Permanent { code: "IMAGE_FORMAT_NOT_SUPPORTED", message });
            }
        };
        Ok(Self { scene: Scene::new(input, width, height), format })
    }

    fn draw(&self) -> anyhow::Result<Vec<u8>> {
        let (width, height) = (self.scene.width, self.scene.height);
        let pixels = pixels(&self.scene)?;
        let mut file = Vec::new();
        self.write(&pixels, width, height, &mut file)?;
        Ok(file)
    }

    fn write(&self, pixels: &[u8], width: u32, height: u32, file: &mut Vec<u8>) -> Result<(), ImageError> {
        match self.format {
            Format::Webp => WebPEncoder::new_lossless(file).encode(pixels, width, height, ExtendedColorType::Rgb8),
            Format::Jpeg => {
                JpegEncoder::new_with_quality(file, JPEG_QUALITY).encode(pixels, width, height, ExtendedColorType::Rgb8)
            }
        }
    }
}

/// Three bytes for each pixel, row by row.
fn pixels(scene: &Scene) -> anyhow::Result<Vec<u8>> {
    let tree = Tree::from_str(&scene.svg()?, &text::options())?;
    let pixmap = Pixmap::new(scene.width, scene.height);
    let mut pixmap = pixmap.ok_or_else(|| anyhow::anyhow!("no room for {} x {} pixels", scene.width, scene.height))?;
    resvg::render(&tree, Transform::identity(), &mut pixmap.as_mut());
    // The background is opaque: nothing is lost with the fourth byte.
    let image = RgbaImage::from_raw(scene.width, scene.height, pixmap.take());
    let image =
        image.ok_or_else(|| anyhow::anyhow!("{} x {} pixels have another length", scene.width, scene.height))?;
    Ok(DynamicImage::ImageRgba8(image).into_rgb8().into_raw())
}

pub(super) async fn run(task: Task, reporter: &Reporter) -> Result<Answer, Failure> {
    reporter.phase(Phase::Init, 5, "Reading what to draw.");
    let input: pb::ImageInput = decode(&task.input)?;
    let (width, height) = (input.width, input.height);
    let request = format!("{width} x {height} {}: {}", input.format, input.title);
    let order = Order::new(&input)?;
    let content_type = order.format.content_type();
    let permit = AT_ONCE.acquire().await.map_err(|error| broken("image", &error))?;
    reporter.phase(Phase::AiCall, 30, "Drawing the image.");
    let work = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        order.draw()
    });
    let drawn = work.await.map_err(|error| broken("image", &error))?;
    let body = drawn.map_err(|error| broken("image", &error))?;
    reporter.phase(Phase::Save, 92, "Keeping the image.");
    let units = task.units.min(1);
    reporter.units_done(units);
    let response = format!("{content_type}, {} bytes", body.len());
    let result = pb::ImageResult { body, content_type: content_type.to_owned(), width, height };
    Ok(Answer { result: result.encode_to_vec(), units, request, response })
}

#[cfg(test)]
mod tests;
