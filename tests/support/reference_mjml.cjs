// The reference package of MJML, which NODE_PATH names. Standard input is a JSON list of texts; standard output is
// its table of components, and of each text {html, problems, milliseconds}.
const { readFileSync } = require("fs");
const mjml2html = require("mjml");
const { components } = require("mjml-core");
const { dependencies } = require("mjml-preset-core").default || require("mjml-preset-core");

const table = Object.entries(components).map(([name, component]) => ({
  name,
  attributes: component.allowedAttributes || {},
  ending: Boolean(component.endingTag),
  children: (dependencies[name] || []).filter((child) => typeof child === "string"), // mj-attributes: all, by a pattern
}));

const compiled = (text) => {
  const begun = process.hrtime.bigint();
  const { html, errors } = mjml2html(text, { validationLevel: "soft", fonts: {}, keepComments: false });
  const milliseconds = Number(process.hrtime.bigint() - begun) / 1e6;
  return { html, problems: errors.map((error) => error.message), milliseconds };
};

const texts = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify({ table, compiled: texts.map(compiled) }));
