"""What the reader must know beside the numbers: what a table measures, and what was open."""

TABLE_16 = (
    "What the columns measure. Ten contributors hold the training samples, dealt evenly; "
    "four of them flip all their labels, a share of them subtly (to a class that looks "
    "alike), the rest obviously (by an offset). |rho_d| is the correlation of the ranks "
    "of per-sample loss with corruption, under a model fitted to all samples. The sample "
    "level drops the samples of the greatest loss, as many as are corrupted; the "
    "contributor level drops the four contributors of the greatest mean loss, with all "
    "their samples. Improvement is 100 (1 - error / error without defence), the ratio "
    "that of the improvements.",
    "What the paper left open. Its pairs are CIFAR's (cat and dog, deer and horse, "
    "airplane and bird) and its data Digits: the first version takes them by class number "
    "and completes them (1-9, 6-8). It obviously flips by +5 modulo 10, which maps 3 to 8 "
    "and 4 to 9, the digits that are really confused: the second version "
    "(pairs=confusion) takes the pairs from a confusion matrix, and the offset with the "
    "least confusion. How long the model is fitted, how much is dropped, how "
    "contributors' scores are aggregated and how large the test set is, the paper does "
    "not say.",
    "An offset sends a class to one other class alone, just as a pair does, so that to a "
    "model it is no more obvious: |rho_d| is then greatest for a mixture of both. With "
    "random wrong classes (obvious=random, as in section 5.1.2) it falls from one end to "
    "the other, as the paper's column does. On Fashion-MNIST a CNN takes the place of the "
    "MLP, and for time each contributor has 100 images of 14 x 14 pixels; its rows are not "
    "among the paper's figures.",
    "Other schemes are under everything measured: NAME drops samples by a score, "
    "NAME@contributors the contributors of the worst mean score, two_stage@contributors "
    "weighs contributors by Algorithm 1, with q their mean q of samples, s = v r drawn as "
    "in section 5.1.3, and T = 1; rho_c is then taken over contributors.",
)
"""About Table 16."""

NOTES: dict[str, tuple[str, ...]] = {
    "contributor-updates": (
        "Ten real ClientApps on Digits, four of which flip all their labels, a share of "
        "them subtly, as in Table 16. Rules see one update a contributor, never a sample "
        "or a loss. honest_kept and attackers_kept are the shares of updates that were "
        "selected.",
    ),
    "contributor-curves": (
        "What changes in turn: how many samples a contributor holds, how many "
        "contributors there are, how large a share of a bad contributor's labels is "
        "corrupted, and corruption spread evenly over all contributors, where no "
        "contributor is worse than another. Half of the corruption is subtle "
        "(pairs=confusion). kept_bad is the share of the corrupted samples that stays. On "
        "Wine, where a contributor of 20 has seven samples, 30 % of the contributors give "
        "nothing but random wrong labels.",
    ),
    "contributor-skew": (
        "Ten ClientApps on Digits, dealt evenly (alpha=inf) or by Dirichlet's "
        "distribution. error_above_fedavg is the error less that of no defence, paired by "
        "trial: a rule is worse than no defence where its interval lies above 0. "
        "local_epochs=10 has 8 rounds, local_epochs=2 has 20.",
    ),
    "bucketing-3": (
        "Karimireddy, He, Jaggi (ICLR 2022), experiment 3: 25 workers, five of them "
        "hostile; the honest hold digits sorted by label, the hostile a mixture; 600 steps "
        "of a batch of 32, Krum, median, geometric median (eight steps) and centred "
        "clipping (tau 10, with momentum 100, three times), each without (s=1) and with "
        "(s=2) buckets of two. Their figures are the last accuracies in the authors' public "
        "logs, three seeds each.",
        "What differs: 16,097 of MNIST's images to train on and 4,024 to test on, by 180 of "
        "its writers, in place of 60,000 and 10,000; pixels averaged to 14 x 14; a "
        "perceptron with 64 hidden units in place of two convolutions with dropout; a "
        "learning rate of .1 in place of .01, chosen so that it learns as fast while nobody "
        "attacks, and by nothing else. The rest follows their code: the geometric median "
        "begins at zero and counts distances below .1 as .1, Krum adds up fourth powers of "
        "distances, sigma in ALIE is a sample's. Mimic copies, from the first step on, whom "
        "that step's largest spread singles out, where theirs looks for it from a random "
        "direction.",
    ),
    "byzfl-heatmap": (
        "ByzFL's documentation (arXiv 2505.24802), two heat maps without stated seeds: ten "
        "honest workers and 1 to 4 more, who attack; a share of the data (similarity) dealt "
        "at random and the rest sorted by label; 800 steps of a batch of 25, momentum .9 as a "
        "moving average, weight decay. Gradients are clipped to length 2, mixed with "
        "their nearest neighbours (NNM), and then the trimmed mean or the geometric median "
        "(three steps from zero) is taken. accuracy is the least under sign flipping, ALIE "
        "and IPM, whose factors are those that move the rule furthest, each at the best of "
        "its evaluations, one every 50 steps. Their code has it so, and has ALIE go above "
        "the mean; both are followed.",
        "What differs: 16,097 of MNIST's images to train on and 4,024 to test on, by 180 of "
        "its writers, in place of 48,000 and 10,000; pixels averaged to 14 x 14; a "
        "perceptron with 64 hidden units in place of a CNN; a learning rate of .5 in place of "
        ".1, chosen so that it nears their level while nobody attacks, and by nothing else; "
        "the attacks' factor is sought by their line search, in every 20th step in place of "
        "each; the best evaluation is each trial's, theirs that of the trials' mean. Their "
        "figures are rounded to whole per cents and have no interval: what lies beside ours "
        "by less than half of one may count as not reproduced.",
    ),
    "flanders": (
        "FLANDERS (arXiv 2303.16668), by Flower's baseline: MNIST in a hundred clients by "
        "Dirichlet .5, of whom 20 or 60 attack; a perceptron with 128 hidden units by Adam at "
        ".001, all clients in each of 50 rounds. gaussian, alie, fang_krum and min_max are "
        "their Gauss, LIE, Fang and Min-Max. FLANDERS, Multi-Krum and Bulyan are told how "
        "many attack; Multi-Krum averages three, the trimmed mean leaves out 20 % on each "
        "side.",
        "The baseline's code is followed where it differs from what it is named after: "
        "accuracy is the best of the rounds from the third on; who attacks is drawn anew in "
        "each of them; what clients train on is scaled to [-1, 1], what is tested to [0, 1]; "
        "LIE takes the root of the standard deviation, and Phi for its inverse; Fang's goes "
        "back from one client's first model; Min-Max goes 2.5 deviations at least; all know "
        "the attackers' honest models, too. Attacks and rules of docs/attacks.md and "
        "docs/rules.md are others, but for FLANDERS itself.",
        "What differs: 16,097 of MNIST's images, by 180 of its writers, in place of 48,000, "
        "averaged to 14 x 14 pixels; a client holds 160 and not 480, and passes over them "
        "three times, so as to take as many steps. The baseline's FLANDERS pairs a model with "
        "itself in its fit, a window as long as its warm-up; ours does not (docs/rules.md).",
    ),
    "flamby-heart": (
        "FLamby (NeurIPS 2022), Fed-Heart-Disease: accuracy of logistic regression on all "
        "hospitals' test rows and on each one's own.",
        "What differs: FLamby leaves out patients with missing values (740 of 920 stay) and "
        "tests on 254 of them; here all 920 take part, missing values are filled in, and a "
        "fifth of each hospital is tested on. So the rows that are tested, and how many of "
        "them are ill, are others: in Switzerland nearly all are.",
    ),
    "hospitals": (
        "Four hospitals of unequal data quality, each a ClientApp; nobody has "
        "credentials, so that s is the same for all and anml falls back on q. Tested on a "
        "fifth of each hospital's patients, or with leave_out on all patients of a "
        "hospital that took no part. weight_... is the mean share in the rounds' models. "
        "worth_... is the leave-one-out value: how much greater FedAvg's pooled error is "
        "without the hospital. agreement is the rank correlation of weights and worth "
        "over the four. Among three, Krum has no meaning: q = 1 for all, and a fraction "
        "of 0.7 drops whoever comes last by name.",
        "local is each hospital's own model, tested on its own patients; pooled_logistic "
        "a logistic regression on all training rows in one place. Where left out, the "
        "whole hospital is the test, so that nothing of it varies from trial to trial but "
        "the models.",
    ),
    "annotators": (
        "Each annotator is a contributor with its own answers. Truth is in the test set, "
        "and in a gold set of five answers of each, on which r is earned. spearman is "
        "with the annotators' true accuracy, over the 37 with 20 answers or more. Names "
        "are RULE@SCORE: two_stage@krum takes q as the mean over an annotator's answers "
        "of Krum's q of single answers, @probability as that of the probability that a "
        "model gives to the label, @out_of_fold the same by models that have not seen the "
        "picture; means are shrunk towards everybody's. What a model is taught: the 70 % "
        "of answers with the greatest score times weight; /annotators: the answers of the "
        "70 % of annotators; /vote: one label a picture, by weighted vote; /scored_vote "
        "the same, each answer with its score times its annotator's weight; /top: the 70 "
        "% of pictures that are surest. Classifiers are scikit-learn's logistic "
        "regression (classifier=logistic) and our MLP.",
        "spearman_unchecked leaves the gold answers out of the accuracy: of what r was "
        "earned on, r knows the truth, and spearman credits it for that. v is the same "
        "for all: where it is 0.65 and not 0.25, every s lies above tau_h = 0.35 in many "
        "draws, and stage 1 then gives everybody the same weight (rank correlation "
        "counted as 0). fit is the length of training before answers are scored, in "
        "epochs. gold is a model of the checked answers alone. mean_weight is in even "
        "shares.",
        "coverage is how often a 95 % interval for an annotator's accuracy, or mean "
        "score, holds the true one where there are 10 answers or fewer; coverage_textbook "
        "that of an interval which takes the few answers at their word.",
    ),
    "annotators-federation": (
        "Fifty-nine ClientApps, each with one annotator's answers. Rules see updates, and "
        "r of the gold set: q of an update from a handful of answers tells how many there "
        "are more than how good they are.",
    ),
    "writers": (
        "180 people's own digits, each a ClientApp: 90 employees, and 90 students, whose "
        "digits are harder to read; all honest, and with attackers=20% a fifth of them "
        "flips all labels. Nobody has credentials. added_error_students is the error on "
        "students' test digits less FedAvg's, paired by trial; students_kept the share of "
        "honest students' updates that were selected.",
    ),
    "transformer": (
        "The paper judges MLPs and leaves other models open. Here a small Transformer "
        "encoder (two layers, 32 wide) reads sentences about films, whose polarity 203 real "
        "people judged, and the CNN sees Fashion-MNIST at 14 x 14 pixels; gradients of "
        "single samples are exact, through embedding, attention and normalisations as "
        "through convolutions. By sample 30 % of the true labels are flipped, as in Table 7, "
        "and the MLP beside each network learns from the same samples with the same flips; "
        "of sentences it is told how often each word is there. Training is by Adam in "
        "minibatches.",
        "Of the 203 people, each a contributor, nobody is simulated but the attackers of "
        "attackers=30%, who flip all their labels. By single answers (1,000 sentences, drawn "
        "by trial) names are RULE@SCORE as for the annotators of pictures, and rank "
        "correlations are over those with 20 answers or more. In the federation each trains "
        "the encoder on its own answers by plain SGD, and the server steps by FedAdam: a word "
        "that few of them have moves in few updates, and their mean hardly moves it. pooled "
        "is the same encoder, trained on all answers in one place. The test is of sentences "
        "and of parts of sentences, some a word long, which nobody was asked about. Which "
        "trials have what is listed under settings by condition (in_trials); one trial has no "
        "interval.",
    ),
    "gate-contributors": (
        "A place is a data set, how it is dealt out, and an attack. Every rule has the same "
        "data, attackers and first model there, and is tested on the same rows, none of which "
        "is in a root set. calibrated has the server's root set (80 rows, or a third of the "
        "test rows where that is less), root=donated one of samples that all contributors "
        "give, attackers poisoned ones, and root=none has none. credentials=forged are tokens "
        "that do not verify, bought those of an issuer that is trusted and compromised. A "
        "turncoat flips labels from half of the rounds on, on_off two rounds of four. ipm, "
        "alie, min_max, mimic and sign_flip are sent by who knows all honest updates. "
        "Intervals of a place are over its few trials, paired; those of a mean are over "
        "places. The best other rule is chosen by its mean on the same trials, which favours "
        "it. With equal credentials q_only and multiplicative are anml, and are left out; "
        "where nobody attacks fedavg is the oracle.",
    ),
}
"""About our own studies, by name."""
