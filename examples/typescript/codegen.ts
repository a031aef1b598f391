import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: 'src/*.ts',
  generates: {
    'src/generated/': {
      preset: 'client',
      presetConfig: {
        fragmentMasking: false,
        // Writes persisted-documents.json, the file that GAPPT_TRUSTED_DOCUMENTS names.
        persistedDocuments: { hashAlgorithm: 'sha256' },
      },
      config: {
        documentMode: 'string',
        // Node runs TypeScript by leaving the types out, so there may be nothing but types to leave out.
        enumsAsTypes: true,
        useTypeImports: true,
        importExtension: '.ts',
        federation: true,
        // A scalar without a type would be `any`. An id is a string: as a number a long one loses its last digits.
        strictScalars: true,
        scalars: { ID: 'string', DateTime: 'string', Date: 'string', URL: 'string', _Any: 'unknown' },
      },
    },
  },
};

export default config;
