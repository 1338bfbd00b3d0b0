// What a stranger's text could do through the page's code; form and types are other tools' business.
import noUnsanitized from 'eslint-plugin-no-unsanitized';
import security from 'eslint-plugin-security';

export default [
  { ignores: ['static/vendor/'] },
  {
    files: ['static/**/*.js'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { security, 'no-unsanitized': noUnsanitized },
    rules: {
      ...security.configs.recommended.rules,
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-script-url': 'error',
      'no-unsanitized/method': 'error',
      'no-unsanitized/property': 'error',
      // Says yes to every a[b]; what an answer names is looked up in Maps, and __proto__ is tested.
      'security/detect-object-injection': 'off',
    },
  },
];
