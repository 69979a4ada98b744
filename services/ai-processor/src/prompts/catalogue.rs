//! The prompts that there are, with their defaults. A changed default gets a higher version: receipts name it.

use contracts::ai_processor::v1::JobAction;

/// One prompt as the program brings it.
#[derive(Debug)]
pub(super) struct Default {
    pub(super) key: &'static str,
    pub(super) action: JobAction,
    pub(super) content_type: Option<&'static str>,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) version: u32,
    pub(super) template: &'static str,
    pub(super) variables: &'static [Variable],
}

/// What a template may or must name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variable {
    pub(super) name: &'static str,
    /// Without a full stop: it stands inside of sentences.
    pub(super) description: &'static str,
    pub(super) required: bool,
}

const fn required(name: &'static str, description: &'static str) -> Variable {
    Variable { name, description, required: true }
}

const fn optional(name: &'static str, description: &'static str) -> Variable {
    Variable { name, description, required: false }
}

const LANGUAGE: Variable = optional("language", "the language to write in");
const SITE_NAME: Variable = optional("site_name", "the name of the site");
const SITE_FACTS: Variable = optional("site_facts", "what may be said of the site's owner");
const SECTOR: Variable = optional("sector", "the sector of the site");
const AUDIENCE: Variable = optional("audience", "for whom the strategy of the sector writes");
const GOAL: Variable = optional("goal", "what readers should do in the end");
const AVOID: Variable = optional("avoid", "words that no title may have");
const TONE: Variable = optional("tone", "the tone of the author profile");
const READER: Variable = optional("reader", "the reader of the author profile");
const EXAMPLES: Variable = optional("examples", "example sentences of the author profile");

const OF_CONTENT: &[Variable] = &[
    required("title", "the title of the page"),
    required("outline", "the sections of the page"),
    required("keywords", "the keywords that the page should answer, the primary one first"),
    required("word_count", "how long the page should be"),
    LANGUAGE,
    SITE_NAME,
    SITE_FACTS,
    SECTOR,
    AUDIENCE,
    GOAL,
    TONE,
    READER,
    EXAMPLES,
];

pub(super) const CATALOGUE: &[Default] = &[
    Default {
        key: "clustering",
        action: JobAction::Clustering,
        content_type: None,
        name: "Clustering",
        description: "Groups keywords into the pages that should answer them.",
        version: 1,
        template: include_str!("defaults/clustering.txt"),
        variables: &[required("keywords", "the keywords to group, one in each line"), LANGUAGE, SECTOR],
    },
    Default {
        key: "ideas",
        action: JobAction::Ideas,
        content_type: None,
        name: "Content ideas",
        description: "Makes ideas for pages from clusters of keywords.",
        version: 1,
        template: include_str!("defaults/ideas.txt"),
        variables: &[
            required("clusters", "the clusters with their intents and keywords"),
            required("ideas_per_cluster", "how many ideas to make for each cluster"),
            required("existing_titles", "titles that exist already"),
            LANGUAGE,
            SITE_NAME,
            SITE_FACTS,
            SECTOR,
            AUDIENCE,
            GOAL,
            AVOID,
            READER,
        ],
    },
    Default {
        key: "content_article",
        action: JobAction::Content,
        content_type: Some("article"),
        name: "Article",
        description: "Writes an article from an approved idea.",
        version: 1,
        template: include_str!("defaults/content_article.txt"),
        variables: OF_CONTENT,
    },
    Default {
        key: "content_landing_page",
        action: JobAction::Content,
        content_type: Some("landing_page"),
        name: "Landing page",
        description: "Writes a page that leads to an offer.",
        version: 1,
        template: include_str!("defaults/content_landing_page.txt"),
        variables: OF_CONTENT,
    },
    Default {
        key: "content_category_page",
        action: JobAction::Content,
        content_type: Some("category_page"),
        name: "Category page",
        description: "Writes the texts of a page that lists products or services of one kind.",
        version: 1,
        template: include_str!("defaults/content_category_page.txt"),
        variables: OF_CONTENT,
    },
    Default {
        key: "content_product_page",
        action: JobAction::Content,
        content_type: Some("product_page"),
        name: "Product page",
        description: "Writes the page of one product.",
        version: 1,
        template: include_str!("defaults/content_product_page.txt"),
        variables: OF_CONTENT,
    },
    Default {
        key: "image_prompts",
        action: JobAction::ImagePrompts,
        content_type: None,
        name: "Image prompts",
        description: "Says what the images of an article should show.",
        version: 1,
        template: include_str!("defaults/image_prompts.txt"),
        variables: &[
            required("title", "the title of the page"),
            required("content", "the text of the page"),
            required("image_count", "how many images are wanted"),
            SITE_NAME,
            LANGUAGE,
        ],
    },
    Default {
        key: "image",
        action: JobAction::Image,
        content_type: None,
        name: "Image",
        description: "Frames what is sent for one image.",
        version: 1,
        template: include_str!("defaults/image.txt"),
        variables: &[
            required("subject", "what the image should show"),
            optional("colours", "the brand colours of the site"),
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use contracts::JsonEnum;
    use contracts::planner::v1::ContentType;

    use super::*;

    #[test]
    fn every_action_and_content_type_has_one_prompt() {
        let of = |default: &Default| (default.action.json_name(), default.content_type);
        let there: BTreeSet<_> = CATALOGUE.iter().map(of).collect();
        assert_eq!(there.len(), CATALOGUE.len());
        let plain = JobAction::NAMES.iter().filter(|name| **name != "content").map(|name| (Some(*name), None));
        let content = ContentType::NAMES.iter().map(|name| (Some("content"), Some(*name)));
        assert_eq!(there, plain.chain(content).collect());
    }
}
