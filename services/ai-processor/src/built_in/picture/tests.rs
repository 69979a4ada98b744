use super::*;

fn input(title: &str, width: i32, height: i32) -> pb::ImageInput {
    pb::ImageInput {
        prompt: "espresso beans on a wooden table".to_owned(),
        title: title.to_owned(),
        subtitle: "Northside Roasters".to_owned(),
        width,
        height,
        format: "webp".to_owned(),
        ..Default::default()
    }
}

fn order(input: &pb::ImageInput) -> Order {
    Order::new(input).unwrap()
}

#[test]
fn the_title_is_drawn_in_letters_where_it_stands() {
    let with = input("How to Store Espresso Beans", 1200, 630);
    let scene = order(&with).scene.titled("");
    let bare = pixels(&scene).unwrap();
    let drawn = pixels(&order(&with).scene).unwrap();
    let changed = bare.chunks_exact(3).zip(drawn.chunks_exact(3)).filter(|(one, other)| one != other).count();
    assert!((10_000..200_000).contains(&changed), "{changed} pixels of letters");
    // Two words of the same length in the same place are told apart: these are letters and no bars.
    let [one, other] = ["Grind", "Grand"].map(|title| order(&with).scene.titled(title));
    assert_ne!(pixels(&one).unwrap(), pixels(&other).unwrap());
}

#[test]
fn titles_of_any_length_stay_inside_of_pictures_of_any_shape() {
    let long =
        "A very long title about storing, grinding and brewing espresso beans at home and in the office ".repeat(4);
    for (width, height) in [(600, 315), (315, 600), (300, 300), (300, 64), (64, 300), (1000, 200)] {
        for title in
            ["Beans", "Donaudampfschifffahrtsgesellschaftskapitänsmütze", "Storing Espresso Beans", long.as_str()]
        {
            let with = order(&input(title, width, height)).scene;
            let without = with.titled("");
            let (with, without) = (pixels(&with).unwrap(), pixels(&without).unwrap());
            let side = usize::try_from(width).unwrap();
            let pairs = with.chunks_exact(3).zip(without.chunks_exact(3)).enumerate();
            let columns: Vec<usize> = pairs.filter(|(_, (one, other))| one != other).map(|(at, _)| at % side).collect();
            assert!(columns.iter().all(|column| (2..side - 2).contains(column)), "{title} in {width} x {height}");
        }
    }
}

#[test]
fn the_same_order_is_the_same_file_and_alternatives_look_different() {
    let one = input("Storing Espresso Beans", 640, 360);
    assert_eq!(order(&one).draw().unwrap(), order(&one).draw().unwrap());
    let mut files: Vec<Vec<u8>> =
        (0..4).map(|variant| order(&pb::ImageInput { variant, ..one.clone() }).draw().unwrap()).collect();
    files.sort();
    files.dedup();
    assert_eq!(files.len(), 4);
}

#[test]
fn the_colours_of_the_site_are_used() {
    let colours = vec!["#004d40".to_owned(), "#ffb300".to_owned()];
    let order = order(&pb::ImageInput { colours, ..input("Beans", 640, 360) });
    assert_eq!(pixels(&order.scene).unwrap().get(..3), Some(&[0x00, 0x4d, 0x40][..]));
}

#[test]
fn both_formats_are_files_that_others_read() {
    for (format, expected) in [("webp", image::ImageFormat::WebP), ("jpeg", image::ImageFormat::Jpeg)] {
        let file = order(&pb::ImageInput { format: format.to_owned(), ..input("Beans", 1200, 630) }).draw().unwrap();
        assert_eq!(image::guess_format(&file).unwrap(), expected);
        let read = image::load_from_memory(&file).unwrap();
        assert_eq!((read.width(), read.height()), (1200, 630));
        assert!(file.len() < 400_000, "{} bytes", file.len());
    }
}

#[test]
fn sizes_and_formats_that_are_not_made_are_refused_with_what_to_do() {
    for (width, height) in [(63, 100), (100, 4097), (0, 0), (-5, 100)] {
        let refused = Order::new(&input("Beans", width, height)).unwrap_err();
        assert!(matches!(refused, Failure::Permanent { code: "IMAGE_SIZE_NOT_SUPPORTED", .. }), "{refused:?}");
    }
    assert!(Order::new(&input("Beans", 64, 4096)).is_ok());
    let refused = Order::new(&pb::ImageInput { format: "gif".to_owned(), ..input("Beans", 100, 100) }).unwrap_err();
    assert!(matches!(refused, Failure::Permanent { code: "IMAGE_FORMAT_NOT_SUPPORTED", .. }), "{refused:?}");
}

#[test]
fn markup_in_a_title_is_text() {
    let title = "<script>&amp; \"quotes\" </text> \u{0}\u{7}";
    assert!(order(&input(title, 600, 300)).draw().is_ok());
}
