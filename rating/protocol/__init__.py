"""The protocol of an acceptance study, on one screen.

Question: how often do experts accept the masks that a method makes, and do they agree with
themselves and with each other about it?

1. Design (`design`). The coordinator fixes the items (masks to be judged), the raters, the
   criterion, what counts as a lesion and how diffusely abnormal white matter is to be counted.
   `meaning` tells beforehand what that amounts to: hours, tolerated errors, width of the interval.
   Opening the study freezes the design as canonical JSON with its SHA-256.
2. Schedule (`sequence`). Every rater sees every item twice, in two blocks, every item once per
   block. The order is drawn from a secret of the study, uniformly from all orders that keep at
   least `gap` positions between the two presentations of an item and never show two masks of one
   case in a row. The SHA-256 of secret and design is shown from the opening on, the secret when the
   study closes: then anyone can draw the orders again and see that nothing was touched.
3. Reading. Raters are blind to case, method, occasion, earlier answers and each other. They mark
   false positives (FP, drawn lesions that are none) and missed lesions (FN); the counts follow.
   Then they give their verdict. No percentage and no derived verdict is shown: seeing them at the
   first presentation would coach the second. Submitting locks.
4. Verdict (`verdict`). From the n drawn lesions, FP and FN follows, in whole numbers, the derived
   verdict: acceptable when precision and recall both exceed their thresholds (9/10 unless the
   design says otherwise), boundary when one of them is exactly on its threshold and the other does
   not fall below, otherwise unacceptable. What a boundary means was fixed before: "strict"
   (unacceptable, the default) or "lenient" (acceptable). Where the rater's own verdict differs,
   that is a conflict: data, never corrected.
5. Statistics (`rating.statistics`). The primary analysis uses the derived verdict unless the design
   says otherwise; the rater's verdict, the other boundary policy and the combined rule stand beside
   it. The case is the independent unit. An answer "scan unreadable" or "mask does not belong to the
   scan" leaves the denominator visibly.

Raters see the mask while they look for missed lesions and have no independent reference, so missed
lesions are probably under-counted; every report says so.

Source: Hindsholm et al., Clinical Neuroradiology 2021, doi 10.1007/s00062-021-01089-z, whose three
wordings of the criterion differ; Methods is followed here.
"""
