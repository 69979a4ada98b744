//! What the tests of images do over and over.

use contracts::writer::v1 as pb;
use contracts::writer::v1::ImageSlot;
use contracts::writer::v1::file_service_client::FileServiceClient;
use contracts::writer::v1::image_service_client::ImageServiceClient;
use rpc::client::Channel;
use testkit::Actor;

use crate::harness::{Place, Writer};

impl Writer {
    pub fn images(&self) -> ImageServiceClient<Channel> {
        ImageServiceClient::new(self.channel())
    }

    /// A place for an image in an article.
    pub async fn image(&self, place: &Place, content: &str, slot: ImageSlot) -> pb::Image {
        self.try_image(place, content, slot).await.unwrap()
    }

    pub async fn try_image(&self, place: &Place, content: &str, slot: ImageSlot) -> Result<pb::Image, rpc::Error> {
        let request = pb::CreateImageRequest {
            content_id: content.to_owned(),
            slot: slot.into(),
            alt: "A loaf".to_owned(),
            ..pb::CreateImageRequest::default()
        };
        Ok(self.images().create_image(place.owner.request(request)).await?.into_inner())
    }

    pub async fn get_image(&self, actor: &Actor, id: &str) -> Result<pb::Image, rpc::Error> {
        let request = pb::GetImageRequest { id: id.to_owned() };
        Ok(self.images().get_image(actor.request(request)).await?.into_inner())
    }

    /// Uploads a file in pieces, as the gateway does.
    pub async fn upload(&self, place: &Place, image: &str, bytes: &[u8]) -> Result<pb::Image, rpc::Error> {
        let piece = |piece: &[u8]| pb::UploadImageRequest { piece: piece.to_vec(), ..Default::default() };
        let mut pieces: Vec<pb::UploadImageRequest> = bytes.chunks(64 * 1024).map(piece).collect();
        if pieces.is_empty() {
            pieces.push(pb::UploadImageRequest::default());
        }
        image.clone_into(&mut pieces[0].id);
        "loaf.jpg".clone_into(&mut pieces[0].file_name);
        let request = place.owner.request(futures_util::stream::iter(pieces));
        Ok(self.images().upload_image(request).await?.into_inner())
    }

    /// What the address of a file answers: its type and its bytes.
    pub async fn file(&self, actor: &Actor, id: &str) -> Result<(String, Vec<u8>), rpc::Error> {
        let request = actor.request(pb::GetFileRequest { id: id.to_owned() });
        let mut pieces = FileServiceClient::new(self.channel()).get_file(request).await?.into_inner();
        let (mut content_type, mut body) = (String::new(), Vec::new());
        while let Some(piece) = pieces.message().await? {
            content_type.push_str(&piece.content_type);
            body.extend(piece.body);
        }
        Ok((content_type, body))
    }
}

/// The header of a picture of this size, and something behind it that tells it from others.
pub fn png(width: u32, height: u32, rest: &[u8]) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes(), rest].concat()
}
