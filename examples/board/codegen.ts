import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: 'src/*.{ts,tsx}',
  generates: {
    'src/generated/': {
      preset: 'client',
      // urql adds __typename while it runs. The hash is of the document as it was built: it has to be in there.
      documentTransforms: [addTypenameSelectionDocumentTransform],
      presetConfig: {
        fragmentMasking: false,
        // Writes persisted-documents.json, the file that GAPPT_TRUSTED_DOCUMENTS names.
        persistedDocuments: { hashAlgorithm: 'sha256' },
      },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        federation: true,
        // An id is a string: as a number a long one loses its last digits.
        strictScalars: true,
        scalars: { ID: 'string', DateTime: 'string', Date: 'string', URL: 'string', _Any: 'unknown' },
      },
    },
  },
};

export default config;
