import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { schemaComponents } from './openapi-schema.js';

/** The OpenAPI 3.1 document of every route: what the decorators say, with the contracts' schemas as they are. */
export function describeApi(app: INestApplication): OpenAPIObject {
  const header = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Patchbay')
    .setDescription(
      'Connects a live phone or web call to any HTTP API. Every error is an `application/problem+json` document ' +
        'whose `code` is one of a closed list.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'An API key: `pbk_…`' })
    .build();
  const document = SwaggerModule.createDocument(app, header, { operationIdFactory: operationId });
  document.components = { ...document.components, schemas: schemaComponents() };
  return document;
}

/** `/docs` for people, `/docs-json` for programs. */
export function serveDocs(app: INestApplication, document: OpenAPIObject): void {
  SwaggerModule.setup('docs', app, document, { raw: ['json'], customSiteTitle: 'Patchbay API' });
}

/** `tools_create` for `ToolsController.create`. */
function operationId(controller: string, method: string): string {
  const noun = controller.replace(/Controller$/, '');
  return `${noun.charAt(0).toLowerCase()}${noun.slice(1)}_${method}`;
}
